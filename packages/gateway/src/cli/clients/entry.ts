/** What a client is given: the address of the gateway, or a program to start, and how it shows who it is. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentialToken, userConfigFolder } from '../../config.ts';
import type { Snapshot } from '../../snapshot.ts';
import { endpointOf } from '../client-snippet.ts';
import type { CommandContext } from '../command.ts';
import { withKeys } from '../keys-access.ts';
import { unknownName } from '../unknown-name.ts';
import type { Client, ClientEntry, ClientName } from './clients.ts';

/** The options that decide about it. */
export interface EntryOptions {
  readonly server?: string;
  readonly transport?: 'http' | 'stdio';
  readonly keyVariable: string;
  readonly tenant?: string;
  readonly role: readonly string[];
}

/** An entry, what must be done before it is written, and what a person does afterwards. */
export interface ConnectEntry {
  readonly written: ClientEntry;
  prepare(): Promise<void>;
  readonly next: readonly string[];
}

/** The days that the key of a client is good for. */
const KEY_DAYS = 90;

/** @throws Error with a sentence for the user for what the client cannot do. */
export function entryFor(
  client: Client,
  name: ClientName,
  options: EntryOptions,
  snapshot: Snapshot,
  context: CommandContext,
): ConnectEntry {
  const signsIn = snapshot.identity.issuers.length > 0;
  const { transport = client.http !== undefined && (signsIn || client.readsVariables) ? 'http' : 'stdio' } = options;
  if (transport === 'stdio') return stdioEntry(client, name, options, snapshot, context);
  if (client.http === undefined) throw new Error(`${client.title} starts programs only; leave out --transport http`);
  if (!signsIn && !client.readsVariables)
    throw new Error(
      `${client.title} reads no variables, so an API key would stand in its file; leave out --transport http, ` +
        'or configure an issuer (identity.issuers)',
    );
  const tokenVariable = signsIn ? undefined : options.keyVariable;
  return {
    written: client.http({ url: endpointOf(snapshot, options.server), tokenVariable }),
    prepare: async () => undefined,
    next: signsIn ? ['The client signs in when it first connects.'] : keyLines(client, name, options, snapshot),
  };
}

const keyLines = (
  { title, inputs }: Client,
  name: ClientName,
  { keyVariable }: EntryOptions,
  { tenants }: Snapshot,
): readonly string[] => {
  const create = `sallyport keys create --tenant ${tenants[0] ?? 'default'} --name ${name}`;
  if (inputs !== undefined) return [`${title} asks for an API key once; make one with: ${create}`];
  return [`${title} reads the API key from ${keyVariable}; set it where it starts: export ${keyVariable}=$(${create})`];
};

function stdioEntry(
  client: Client,
  name: ClientName,
  options: EntryOptions,
  snapshot: Snapshot,
  context: CommandContext,
): ConnectEntry {
  const tokenFile = join(userConfigFolder(context.environment), 'keys', name);
  const program = fileURLToPath(new URL('../../../bin/sallyport.js', import.meta.url));
  const server = options.server === undefined ? [] : ['--server', options.server];
  const tenant = tenantOf(options, snapshot);
  return {
    written: client.stdio({
      command: process.execPath,
      args: [program, 'stdio', '--config', resolve(context.configuration.file()), ...server],
      env: { SALLYPORT_TOKEN_FILE: tokenFile },
    }),
    prepare: async () => writeKey(tokenFile, name, tenant, options, context),
    next: [`Its API key is in ${tokenFile}, readable by you only.`],
  };
}

function tenantOf({ tenant }: EntryOptions, { tenants }: Snapshot): string {
  const unknown = tenant === undefined ? undefined : unknownName('tenant', tenant, tenants);
  if (unknown !== undefined) throw new Error(unknown);
  if (tenant !== undefined) return tenant;
  if (tenants.length > 1)
    throw new Error(
      `There are several tenants; say for which the key is: --tenant ${tenants.slice(0, 5).join(' or ')}`,
    );
  return tenants[0] ?? 'default';
}

/** The credential of this shell where there is one, and a new key otherwise. */
async function writeKey(
  file: string,
  name: ClientName,
  tenant: string,
  { role }: EntryOptions,
  context: CommandContext,
): Promise<void> {
  const given = credentialToken(context.environment);
  if (given !== undefined) return write(given);
  const fields = { tenant, name, subject: name, roles: role, scopes: [], tier: undefined, days: KEY_DAYS };
  await withKeys(undefined, context, async (keys) => write((await keys.create(fields)).text));

  function write(token: string): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
  }
}
