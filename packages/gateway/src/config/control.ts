/** The key `control` of the configuration: who may use the control API, and through which clients. */
import type { ControlSettings, RoleBinding, SignInSettings } from '../snapshot.ts';
import type { ConfigInput } from './input.ts';
import type { ParsedConfig } from './schema.ts';
import { resolveSecret } from './secrets.ts';
import { closest } from './suggest.ts';

/** The settings of the control API; errors go to the report. */
export function buildControl(input: ConfigInput): ControlSettings {
  const { roles, clients, signIn, session } = input.config.control;
  return {
    roles: roles.map(({ role, to, tenants }, index): RoleBinding => {
      for (const [position, name] of (Array.isArray(tenants) ? tenants : []).entries()) {
        if (input.config.tenants.includes(name)) continue;
        const suggestion = closest(name, input.config.tenants);
        const question = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
        input.report.error(['control', 'roles', index, 'tenants', position], `no such tenant${question}`, ['tenants']);
      }
      return { role, to, tenants };
    }),
    clients,
    signIn: signIn.map((entry, index) => buildSignIn(input, entry, index)),
    session: { idleMs: session.idle, lifetimeMs: session.lifetime },
  };
}

function buildSignIn(
  input: ConfigInput,
  { issuer, clientId, clientSecret, scopes, stepUpAcrValues }: ParsedConfig['control']['signIn'][number],
  index: number,
): SignInSettings {
  const path = ['control', 'signIn', index] as const;
  const { identity, control } = input.config;
  if (!identity.issuers.some((configured) => configured.issuer === issuer))
    input.report.error(
      [...path, 'issuer'],
      'is none of identity.issuers, so nothing says for which tenants it may speak',
    );
  if (control.signIn.findIndex((other) => other.issuer === issuer) !== index)
    input.report.error([...path, 'issuer'], 'is configured twice');
  return { issuer, clientId, clientSecret: secretOf(), scopes, stepUpAcrValues };

  function secretOf(): string | undefined {
    if (clientSecret === undefined) return undefined;
    const resolved = resolveSecret(clientSecret.secret, input.environment, input.folder);
    if ('value' in resolved) return `${clientSecret.prefix ?? ''}${resolved.value}`;
    input.report.error([...path, 'clientSecret', 'secret'], resolved.error);
    return undefined;
  }
}
