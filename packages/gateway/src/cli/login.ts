/** `sallyport login` and `logout`: a sign-in by device code (RFC 8628), saved for the commands that follow. */
import { isLoopback, type JsonObject } from '@sallyport/guard';
import type { DeviceClient, DeviceTokens, ShownCode } from '../adapters/openid-client/device-sign-in.ts';
import { COMMAND_LINE_CLIENT } from '../command-line-client.ts';
import { loadConfig } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';
import { adminOriginOf, adminRequest, checkRunning } from './admin-client.ts';
import type { CommandContext, CommandDefinition, CommandOption } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { printable, printableLine } from './printable.ts';
import { openSavedSignIns } from './saved-sign-ins.ts';

interface LoginOptions {
  readonly adminUrl?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly scope: readonly string[];
  readonly resource?: string;
  readonly json?: boolean;
}

const WHERE: CommandOption = {
  flags: '--admin-url <url>',
  summary: 'admin listener that the sign-in is for (default: SALLYPORT_ADMIN_URL, or as configured)',
};

/** `sallyport login`. */
export const loginCommand: CommandDefinition<readonly [], LoginOptions> = {
  name: 'login',
  summary: 'sign in by a code that you confirm in a browser, for approvals, keys, pins and audit search',
  options: [
    WHERE,
    { flags: '--issuer <url>', summary: 'who signs you in (default: control.signIn; without it, the demo)' },
    { flags: '--client-id <id>', summary: `client at the issuer (default: that of control.clients)` },
    { flags: '--scope <scope>', summary: 'scope to ask for; repeat for more', repeatable: true, default: [] },
    { flags: '--resource <url>', summary: 'what the token is for (RFC 8707), where the issuer wants to know' },
    { flags: '--json', summary: 'print JSON: one line with the code, one with the sign-in' },
  ],
  example: 'sallyport login\nsallyport approvals list',
  run: async (_given, options, context) => {
    const { io } = context;
    const origin = adminOriginOf(options.adminUrl, context);
    const { protocol, hostname } = new URL(origin);
    if (protocol !== 'https:' && !isLoopback(hostname))
      throw new Error(`${origin}: a sign-in is sent over https only, or to this computer`);
    const client = clientOf(options, origin, context);
    await checkRunning(origin);
    const tokens = await askPerson(client, options.json === true, context);
    const session = await sessionOf(origin, client, tokens);
    const { scopes: _scopes, ...saved } = client;
    await openSavedSignIns(context.environment).change(origin, async () => ({ ...saved, ...tokens }));
    if (options.json === true) printJson(io, { admin_url: origin, issuer: client.issuer, ...session });
    else io.stdout(`Signed in at ${origin} as ${printableLine(session.subject, 100)}.\n`);
  },
};

/** `sallyport logout`. */
export const logoutCommand: CommandDefinition<readonly [], Pick<LoginOptions, 'adminUrl' | 'json'>> = {
  name: 'logout',
  summary: 'forget a sign-in, and end it at the issuer where that can be done',
  options: [WHERE, { flags: '--json', summary: 'print JSON' }],
  example: 'sallyport logout',
  run: async (_given, { adminUrl, json }, context) => {
    const { io, environment } = context;
    const origin = adminOriginOf(adminUrl, context);
    const saved = openSavedSignIns(environment);
    if (saved.read(origin) === undefined) throw new Error(`You are not signed in at ${origin}.`);
    let revoked = false;
    await saved.change(origin, async (current) => {
      if (current !== undefined) revoked = await revoke({ ...current, scopes: [] }, current);
      return undefined;
    });
    if (json === true) return printJson(io, { admin_url: origin, revoked });
    io.stdout(`Signed out at ${origin}.\n`);
    if (!revoked) io.stderr('The issuer did not end the tokens; they are forgotten here, and expire by themselves.\n');
  },
};

async function revoke(client: DeviceClient, tokens: DeviceTokens): Promise<boolean> {
  const { revokeTokens } = await import('../adapters/openid-client/device-sign-in.ts');
  return revokeTokens(client, tokens);
}

async function askPerson(client: DeviceClient, json: boolean, { io, ports }: CommandContext): Promise<DeviceTokens> {
  const { signInByDevice } = await import('../adapters/openid-client/device-sign-in.ts');
  try {
    return await signInByDevice(client, {
      show: (code) => showCode(io, code, json),
      slower: (reason, seconds) =>
        io.stderr(
          reason === 'asked'
            ? `The issuer asks for patience: it is asked every ${seconds} s from now on.\n`
            : `The issuer does not answer; it is asked again in ${seconds} s.\n`,
        ),
      pause: ports.pause,
      nowMs: Date.now,
    });
  } catch (thrown) {
    // The issuer's own words may be in it.
    throw new Error(printable(thrown instanceof Error ? thrown.message : String(thrown)), { cause: thrown });
  }
}

function showCode(io: CliIo, { url, userCode, expiresInSeconds }: ShownCode, json: boolean): void {
  if (json) return printJson(io, { verification_uri: url, user_code: userCode, expires_in: expiresInSeconds });
  const minutes = Math.max(Math.floor(expiresInSeconds / 60), 1);
  io.stdout(`Open      ${printableLine(url, 500)}\nand enter ${printableLine(userCode, 100)}\n`);
  io.stdout(`The code is good for ${minutes} min. Waiting for you to confirm it …\n`);
}

interface ShownSession {
  readonly subject: string;
  readonly tenant: string;
  readonly roles: readonly string[];
}

/** Who the gateway takes the person for. What it does not accept is not kept. */
async function sessionOf(origin: string, client: DeviceClient, tokens: DeviceTokens): Promise<ShownSession> {
  const target = { origin, token: tokens.accessToken, refusal: refusalOf(client) };
  const session = await adminRequest(target, '/api/v1/session').catch(async (thrown: unknown) => {
    await revoke(client, tokens);
    throw thrown;
  });
  const user = session['user'] as JsonObject | undefined;
  const { roles } = session;
  return {
    subject: String(user?.['subject']),
    tenant: String(session['tenant']),
    roles: Array.isArray(roles) ? roles.map(String) : [],
  };
}

const refusalOf = ({ clientId }: DeviceClient): string =>
  `You signed in, and the gateway does not accept the token: control.clients must name ${clientId}, and the ` +
  'token must be for the audience of identity.issuers.';

/** Whom the person signs in with. */
function clientOf(options: LoginOptions, origin: string, context: CommandContext): DeviceClient {
  const { resource, scope } = options;
  if (options.issuer !== undefined) {
    if (!URL.canParse(options.issuer)) throw new Error('--issuer must be the URL of an issuer');
    const clientId = options.clientId ?? COMMAND_LINE_CLIENT;
    return { issuer: options.issuer, clientId, scopes: scope, resource };
  }
  const loaded = loadConfig(context.configuration.file(), context.environment);
  if (!('snapshot' in loaded))
    throw new Error('the configuration has errors; see: sallyport check. Or name the issuer: --issuer');
  const { issuer, scopes } = configuredIssuer(loaded.snapshot, origin);
  const clientId = options.clientId ?? configuredClient(loaded.snapshot);
  return { issuer, clientId, scopes: [...scopes, ...scope], resource };
}

function configuredIssuer(
  { control, gateway }: Snapshot,
  origin: string,
): { readonly issuer: string; readonly scopes: readonly string[] } {
  const [first, ...more] = control.signIn;
  if (more.length > 0)
    throw new Error(
      `Name the issuer that you sign in with: --issuer ${control.signIn.map(({ issuer }) => issuer).join(' or ')}`,
    );
  if (first !== undefined) return first;
  // The authorization server of the demo is a part of its gateway.
  if (isLoopback(new URL(origin).hostname)) return { issuer: `${gateway.publicUrl}/oauth`, scopes: [] };
  throw new Error('The configuration names nobody to sign in with (control.signIn); name the issuer: --issuer');
}

/** Its tokens are accepted, so that there is nothing to choose where there is one. */
function configuredClient({ control: { clients } }: Snapshot): string {
  const [only, ...more] = clients;
  return only === undefined || more.length > 0 ? COMMAND_LINE_CLIENT : only;
}
