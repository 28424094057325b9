/** `sallyport keys`: API keys. A key is shown once, when it is made. */
import { join } from 'node:path';
import type { ApiKey } from '@sallyport/guard';
import { mintApiKey } from '@sallyport/guard/stages';
import { openStore, type Store } from '../adapters/sqlite/store.ts';
import { columns } from './columns.ts';
import type { CommandDefinition, CommandGroup } from './command.ts';
import { printJson, type CliIo, type Folders } from './io.ts';
import { printable } from './printable.ts';
import { unknownName } from './unknown-name.ts';

const DAY_MS = 86_400_000;

interface JsonOption {
  readonly json?: boolean;
}

interface CreateOptions extends JsonOption {
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
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport keys create --tenant acme --name ci --role analyst --days 30',
  run: (_given, options, { io }) => withStore(io, (store, folders) => createKey(store, folders, options, io)),
};

const listCommand: CommandDefinition<readonly [], JsonOption & { readonly tenant?: string }> = {
  name: 'list',
  summary: 'keys without their secrets',
  options: [
    { flags: '--tenant <id>', summary: 'only this tenant' },
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport keys list --tenant acme',
  run: (_given, { tenant, json }, { io }) => withStore(io, (store) => listKeys(store, tenant, json === true, io)),
};

const rotateCommand: CommandDefinition<readonly [string], JsonOption> = {
  name: 'rotate',
  summary: 'make a new key with the same rights; the old one ends',
  arguments: [{ name: 'id' }],
  options: [{ flags: '--json', summary: 'print JSON' }],
  example: '$ sallyport keys rotate 0123456789abcdef',
  run: ([id], { json }, { io }) => withStore(io, (store) => rotateKey(store, id, json === true, io)),
};

const revokeCommand: CommandDefinition<readonly [string], JsonOption> = {
  name: 'revoke',
  summary: 'end a key; a running gateway stops accepting it within seconds',
  arguments: [{ name: 'id' }],
  options: [{ flags: '--json', summary: 'print JSON' }],
  example: '$ sallyport keys revoke 0123456789abcdef',
  run: ([id], { json }, { io }) => withStore(io, (store) => revokeKey(store, id, json === true, io)),
};

/** `sallyport keys …`. */
export const keysCommands: CommandGroup = {
  name: 'keys',
  summary: 'API keys: shown once, stored hashed, scoped, expiring',
  example: '$ sallyport keys create --tenant acme --name ci',
  commands: [createCommand, listCommand, rotateCommand, revokeCommand],
};

async function withStore(io: CliIo, work: (store: Store, folders: Folders) => Promise<void>): Promise<void> {
  const folders = await io.loadFolders();
  const store = openStore(join(folders.data, 'sallyport.db'));
  try {
    await work(store, folders);
  } finally {
    store.close();
  }
}

async function createKey(store: Store, folders: Folders, options: CreateOptions, io: CliIo): Promise<void> {
  const days = Number(options.days ?? 90);
  if (!Number.isInteger(days) || days < 0) {
    io.stderr('--days must be a whole number of days, or 0 for a key that never expires\n');
    return io.exit(2);
  }
  if (options.name === '' || options.subject === '') {
    io.stderr('--name and --subject must not be empty: records and policies speak of them\n');
    return io.exit(2);
  }
  const unknown =
    unknownName('tenant', options.tenant, folders.tenants) ??
    (options.tier === undefined ? undefined : unknownName('tier', options.tier, folders.tiers));
  if (unknown !== undefined) {
    io.stderr(`${unknown}\n`);
    return io.exit(1);
  }
  const now = Date.now();
  const { text, key } = mintApiKey({
    tenant: options.tenant,
    name: options.name,
    subject: options.subject ?? options.name,
    roles: options.role,
    scopes: options.scope,
    tier: options.tier,
    createdAtMs: now,
    expiresAtMs: days === 0 ? undefined : now + days * DAY_MS,
  });
  await store.keys.put(key);
  printNewKey(text, key, options.json === true, io);
}

function printNewKey(text: string, key: ApiKey, json: boolean, io: CliIo): void {
  if (json) return printJson(io, { key: text, ...publicFields(key) });
  const expiry = key.expiresAtMs === undefined ? '' : `, until ${dayOf(key.expiresAtMs)}`;
  io.stdout(`${text}\n`);
  io.stderr(`Key ${key.id} for tenant ${printable(key.tenant)}${expiry}. It is not shown again.\n`);
}

async function listKeys(store: Store, tenant: string | undefined, json: boolean, io: CliIo): Promise<void> {
  const keys = await store.keys.list(tenant);
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

async function rotateKey(store: Store, id: string, json: boolean, io: CliIo): Promise<void> {
  const old = await store.keys.find(id);
  if (old === undefined || old.revokedAtMs !== undefined) return reportUnknownKey(id, io);
  const now = Date.now();
  const lifetimeMs = old.expiresAtMs === undefined ? undefined : old.expiresAtMs - old.createdAtMs;
  const { text, key } = mintApiKey({
    ...old,
    createdAtMs: now,
    expiresAtMs: lifetimeMs === undefined ? undefined : now + lifetimeMs,
  });
  await store.keys.put(key);
  await store.keys.put({ ...old, revokedAtMs: now });
  printNewKey(text, key, json, io);
}

async function revokeKey(store: Store, id: string, json: boolean, io: CliIo): Promise<void> {
  const key = await store.keys.find(id);
  if (key === undefined) return reportUnknownKey(id, io);
  await store.keys.put({ ...key, revokedAtMs: key.revokedAtMs ?? Date.now() });
  if (json) printJson(io, { id, revoked: true });
  else io.stdout(`Key ${id} is revoked.\n`);
}

function reportUnknownKey(id: string, io: CliIo): void {
  io.stderr(`There is no key ${printable(id)} that is in force. See: sallyport keys list\n`);
  io.exit(1);
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function validityOf(key: ApiKey): string {
  if (key.revokedAtMs !== undefined) return `revoked ${dayOf(key.revokedAtMs)}`;
  if (key.expiresAtMs === undefined) return 'never expires';
  return `${key.expiresAtMs < Date.now() ? 'expired' : 'until'} ${dayOf(key.expiresAtMs)}`;
}

/** A key as `--json` prints it: without its hash. Times are milliseconds since the epoch. */
function publicFields({ hash: _hash, createdAtMs, expiresAtMs, revokedAtMs, ...fields }: ApiKey) {
  return { ...fields, createdAt: createdAtMs, expiresAt: expiresAtMs, revokedAt: revokedAtMs };
}
