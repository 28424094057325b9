/** `approvals.channels` of the configuration, with its secrets. */
import { isLoopback } from '@sallyport/guard';
import type { ChannelSettings } from '../snapshot.ts';
import type { ConfigInput } from './input.ts';
import type { Path } from './positions.ts';
import { resolveSecret } from './secrets.ts';

const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/;

/** Reports channels that cannot work. */
export function buildChannels(input: ConfigInput): ChannelSettings {
  const { slack, teams, webhooks, email, signInWithin } = input.config.approvals.channels;
  const at = (kind: string, index: number, field: string): Path => ['approvals', 'channels', kind, index, field];
  return {
    signInWithinMs: signInWithin,
    slack: slack.map(({ token, signingSecret, appToken, tenants, ...rest }, index) => ({
      ...rest,
      token: secretOf(input, at('slack', index, 'token'), token),
      signingSecret: signingSecret && secretOf(input, at('slack', index, 'signingSecret'), signingSecret),
      appToken: appToken && secretOf(input, at('slack', index, 'appToken'), appToken),
      tenants: knownTenants(input, at('slack', index, 'tenants'), tenants),
    })),
    teams: teams.map(({ appSecret, tenants, ...rest }, index) => ({
      ...rest,
      appSecret: secretOf(input, at('teams', index, 'appSecret'), appSecret),
      tenants: knownTenants(input, at('teams', index, 'tenants'), tenants),
    })),
    webhooks: webhooks.map(({ url, secret, tenants, ...rest }, index) => {
      const { protocol, hostname } = new URL(url);
      if (protocol === 'http:' && !isLoopback(hostname))
        input.report.error(at('webhooks', index, 'url'), 'must be https outside loopback');
      if (webhooks.findIndex(({ name }) => name === rest.name) !== index)
        input.report.error(at('webhooks', index, 'name'), 'is used twice');
      const where = at('webhooks', index, 'secret');
      const value = secretOf(input, where, secret);
      if (value !== '' && !WEBHOOK_SECRET.test(value))
        input.report.error(where, 'is not whsec_ and at least 24 bytes in base64');
      return { ...rest, url, secret: value, tenants: knownTenants(input, at('webhooks', index, 'tenants'), tenants) };
    }),
    email: email.map(({ password, tenants, ...rest }, index) => {
      if (rest.security === 'none' && !isLoopback(rest.host))
        input.report.error(at('email', index, 'security'), 'must be tls or starttls outside loopback');
      return {
        ...rest,
        user: rest.user,
        password: password && secretOf(input, at('email', index, 'password'), password),
        tenants: knownTenants(input, at('email', index, 'tenants'), tenants),
      };
    }),
  };
}

/** Empty where it cannot be resolved, which is reported. */
function secretOf({ report, environment, folder }: ConfigInput, path: Path, reference: string): string {
  const resolved = resolveSecret(reference, environment, folder);
  if ('value' in resolved) return resolved.value;
  report.error(path, resolved.error);
  return '';
}

function knownTenants(
  { config, report }: ConfigInput,
  path: Path,
  tenants: readonly string[] | undefined,
): readonly string[] | undefined {
  for (const tenant of tenants ?? [])
    if (!config.tenants.includes(tenant)) report.error(path, `names the tenant "${tenant}", which is not configured`);
  return tenants;
}
