/** `sallyport whoami`: who the gateway takes you for. */
import { GuardError } from '@sallyport/guard';
import { identifyToken } from '../identify-token.ts';
import { requireToken } from './address.ts';
import { adminRequest, adminTargetIfGiven, RUNNING_OPTION } from './admin-client.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import { printJson } from './io.ts';
import { printable } from './printable.ts';

interface WhoamiOptions {
  readonly adminUrl?: string;
  readonly json?: boolean;
}

/** What is shown of a user. */
interface Shown {
  readonly issuer: string;
  readonly subject: string;
  /** `null`: the gateway knows no tenant for the credential, so every call is refused. */
  readonly tenant: string | null;
  readonly roles: readonly string[];
  readonly groups?: readonly string[];
  readonly agent?: string;
  readonly scopes?: readonly string[];
}

/** `sallyport whoami`. */
export const whoamiCommand: CommandDefinition<readonly [], WhoamiOptions> = {
  name: 'whoami',
  summary: 'who the gateway takes you for: user, tenant, roles, groups, agent',
  options: [RUNNING_OPTION, { flags: '--json', summary: 'print JSON' }],
  example: 'SALLYPORT_TOKEN=sp_… sallyport whoami',
  exitCodes: 'Exit code 1 when the credential is not accepted, or is of no tenant.',
  run: async (_given, { adminUrl, json }, context) => {
    const { io } = context;
    const target = await adminTargetIfGiven(adminUrl, context);
    const shown =
      target === undefined ? await ownIdentity(context) : sessionOf(await adminRequest(target, '/api/v1/session'));
    if (shown === undefined) return;
    if (shown.tenant === null) io.exit(1);
    if (json === true) return printJson(io, shown, 'indented');
    const { tenant, ...fields } = shown;
    const rows = Object.entries({ ...fields, tenant: tenant ?? 'none that this gateway knows: every call is refused' });
    for (const [name, value] of rows) {
      const text = Array.isArray(value) ? value.join(', ') : String(value);
      io.stdout(`${name.padEnd(8)} ${text === '' ? '-' : printable(text)}\n`);
    }
  },
};

const sessionOf = (session: Awaited<ReturnType<typeof adminRequest>>): Shown => {
  const { user, tenant, roles } = session as unknown as {
    readonly user: { readonly issuer: string; readonly subject: string };
    readonly tenant: string;
    readonly roles: readonly string[];
  };
  return { issuer: user.issuer, subject: user.subject, tenant, roles };
};

async function ownIdentity({ configuration, environment }: CommandContext): Promise<Shown | undefined> {
  const token = requireToken(environment);
  const snapshot = configuration.load();
  if (snapshot === undefined) return undefined;
  try {
    const { principal, tenant } = await identifyToken(snapshot, token);
    const { user, agent, scopes } = principal;
    const { issuer, subject, roles, groups } = user;
    return { issuer, subject, tenant: tenant?.id ?? null, roles, groups, agent: agent.clientId, scopes };
  } catch (thrown) {
    if (!(thrown instanceof GuardError)) throw thrown;
    const why = thrown.cause instanceof Error ? `: ${thrown.cause.message}` : '';
    throw new Error(`The credential is not accepted (${thrown.message}${why})`, { cause: thrown });
  }
}
