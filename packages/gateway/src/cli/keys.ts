/** `sallyport keys`: API keys. A key is shown once, when it is made. */
import { RUNNING_OPTION } from './admin-client.ts';
import { columns } from './columns.ts';
import type { CommandDefinition, CommandGroup } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { withKeys, type KeyAccess, type MadeKey, type PublicKey } from './keys-access.ts';
import { printable } from './printable.ts';
import { unknownName } from './unknown-name.ts';

const DAY_MS = 86_400_000;

interface KeyOptions {
  readonly adminUrl?: string;
  readonly json?: boolean;
}

interface CreateOptions extends KeyOptions {
  readonly tenant: string;
  readonly name: string;
  readonly subject?: string;
  readonly role: readonly string[];
  readonly scope: readonly string[];
  readonly tier?: string;
  readonly days?: string;
}

const createCommand: CommandDefinition<readonly [], CreateOptions> = {
  name: 'create',
  summary: 'make a key and show it once',
  options: [
    { flags: '--tenant <id>', summary: 'tenant that the key acts in', required: true },
    { flags: '--name <text>', summary: 'what the key is for', required: true },
    { flags: '--subject <id>', summary: 'user id in records and policies (default: the name)' },
    { flags: '--role <role>', summary: 'role in policies; repeat for more', repeatable: true, default: [] },
    { flags: '--scope <scope>', summary: 'scope in policies; repeat for more', repeatable: true, default: [] },
    { flags: '--tier <name>', summary: 'rate limit tier' },
    { flags: '--days <n>', summary: 'days until it expires (default 90; 0 = never)', default: '90' },
    RUNNING_OPTION,
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport keys create --tenant acme --name ci --role analyst --days 30',
  run: (_given, options, context) =>
    withKeys(options.adminUrl, context, (keys) => createKey(keys, options, context.io)),
};

const listCommand: CommandDefinition<readonly [], KeyOptions & { readonly tenant?: string }> = {
  name: 'list',
  summary: 'keys without their secrets',
  options: [
    { flags: '--tenant <id>', summary: 'only this tenant' },
    RUNNING_OPTION,
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport keys list --tenant acme',
  run: (_given, { tenant, json, adminUrl }, context) =>
    withKeys(adminUrl, context, (keys) => listKeys(keys, tenant, json === true, context.io)),
};

const rotateCommand: CommandDefinition<readonly [string], KeyOptions> = {
  name: 'rotate',
  summary: 'make a new key with the same rights; the old one ends',
  arguments: [{ name: 'id' }],
  options: [RUNNING_OPTION, { flags: '--json', summary: 'print JSON' }],
  example: '$ sallyport keys rotate 0123456789abcdef',
  run: ([id], { json, adminUrl }, context) =>
    withKeys(adminUrl, context, (keys) => rotateKey(keys, id, json === true, context.io)),
};

const revokeCommand: CommandDefinition<readonly [string], KeyOptions> = {
  name: 'revoke',
  summary: 'end a key; a running gateway stops accepting it within seconds',
  arguments: [{ name: 'id' }],
  options: [RUNNING_OPTION, { flags: '--json', summary: 'print JSON' }],
  example: '$ sallyport keys revoke 0123456789abcdef',
  run: ([id], { json, adminUrl }, context) =>
    withKeys(adminUrl, context, (keys) => revokeKey(keys, id, json === true, context.io)),
};

/** `sallyport keys …`. */
export const keysCommands: CommandGroup = {
  name: 'keys',
  summary: 'API keys: shown once, stored hashed, scoped, expiring',
  example: '$ sallyport keys create --tenant acme --name ci',
  commands: [createCommand, listCommand, rotateCommand, revokeCommand],
};

async function createKey(keys: KeyAccess, options: CreateOptions, io: CliIo): Promise<void> {
  const days = Number(options.days ?? 90);
  if (!Number.isInteger(days) || days < 0) {
    io.stderr('--days must be a whole number of days, or 0 for a key that never expires\n');
    return io.exit(2);
  }
  if (options.name === '' || options.subject === '') {
    io.stderr('--name and --subject must not be empty: records and policies speak of them\n');
    return io.exit(2);
  }
  const unknown = keys.isLocal ? await unknownIn(options, io) : undefined;
  if (unknown !== undefined) {
    io.stderr(`${unknown}\n`);
    return io.exit(1);
  }
  const { tenant, name, subject = name, role, scope, tier } = options;
  printNewKey(await keys.create({ tenant, name, subject, roles: role, scopes: scope, tier, days }), options.json, io);
}

/** What the configuration does not name. */
async function unknownIn({ tenant, tier }: CreateOptions, io: CliIo): Promise<string | undefined> {
  const folders = await io.loadFolders();
  const unknownTier = tier === undefined ? undefined : unknownName('tier', tier, folders.tiers);
  return unknownName('tenant', tenant, folders.tenants) ?? unknownTier;
}

function printNewKey({ text, key }: MadeKey, json: boolean | undefined, io: CliIo): void {
  if (json === true) return printJson(io, { key: text, ...publicFields(key) });
  const expiry = key.expiresAtMs === undefined ? '' : `, until ${dayOf(key.expiresAtMs)}`;
  io.stdout(`${text}\n`);
  io.stderr(`Key ${key.id} for tenant ${printable(key.tenant)}${expiry}. It is not shown again.\n`);
}

async function listKeys(access: KeyAccess, tenant: string | undefined, json: boolean, io: CliIo): Promise<void> {
  const keys = await access.list(tenant);
  if (json) return printJson(io, keys.map(publicFields));
  if (keys.length === 0)
    return io.stdout('No keys. Make one with: sallyport keys create --tenant <id> --name <text>\n');
  const rows = keys.map((key) => [
    key.id,
    ...[key.tenant, key.subject, key.name, key.roles.join(',')].map(printable),
    validityOf(key),
  ]);
  for (const line of columns(rows)) io.stdout(`${line}\n`);
}

async function rotateKey(keys: KeyAccess, id: string, json: boolean, io: CliIo): Promise<void> {
  const old = (await keys.list(undefined)).find((key) => key.id === id);
  if (old === undefined || old.revokedAtMs !== undefined) return reportUnknownKey(id, io);
  const days = old.expiresAtMs === undefined ? 0 : Math.ceil((old.expiresAtMs - old.createdAtMs) / DAY_MS);
  const { tenant, name, subject, roles, scopes, tier } = old;
  const made = await keys.create({ tenant, name, subject, roles, scopes, tier, days });
  await keys.revoke(id);
  printNewKey(made, json, io);
}

async function revokeKey(keys: KeyAccess, id: string, json: boolean, io: CliIo): Promise<void> {
  if (!(await keys.revoke(id))) return reportUnknownKey(id, io);
  if (json) printJson(io, { id, revoked: true });
  else io.stdout(`Key ${id} is revoked.\n`);
}

function reportUnknownKey(id: string, io: CliIo): void {
  io.stderr(`There is no key ${printable(id)} that is in force. See: sallyport keys list\n`);
  io.exit(1);
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function validityOf(key: PublicKey): string {
  if (key.revokedAtMs !== undefined) return `revoked ${dayOf(key.revokedAtMs)}`;
  if (key.expiresAtMs === undefined) return 'never expires';
  return `${key.expiresAtMs < Date.now() ? 'expired' : 'until'} ${dayOf(key.expiresAtMs)}`;
}

/** A key as `--json` prints it: without its hash. Times are milliseconds since the epoch. */
function publicFields({ createdAtMs, expiresAtMs, revokedAtMs, ...key }: PublicKey) {
  const { id, tenant, subject, name, roles, scopes, tier } = key;
  const fields = { id, tenant, subject, name, roles, scopes, tier };
  return { ...fields, createdAt: createdAtMs, expiresAt: expiresAtMs, revokedAt: revokedAtMs };
}
