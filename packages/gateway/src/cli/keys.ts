/** `sallyport keys`: API keys. A key is shown once, when it is made. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { ApiKey } from '@sallyport/guard';
import { mintApiKey } from '@sallyport/guard/stages';
import { openStore, type Store } from '../adapters/sqlite/store.ts';
import { columns } from './columns.ts';
import type { CliIo, Folders } from './io.ts';
import { unknownName } from './known.ts';
import { printable } from './printable.ts';

interface CreateOptions {
  readonly tenant: string;
  readonly name: string;
  readonly subject?: string;
  readonly role: readonly string[];
  readonly scope: readonly string[];
  readonly tier?: string;
  readonly days?: string;
  readonly json?: boolean;
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

export function registerKeys(program: Command, io: CliIo): void {
  const keys = program
    .command('keys')
    .description('API keys: shown once, stored hashed, scoped, expiring')
    .addHelpText('after', '\nExample:\n  $ sallyport keys create --tenant acme --name ci\n');
  keys
    .command('create')
    .description('make a key and show it once')
    .requiredOption('--tenant <id>', 'tenant that the key acts in')
    .requiredOption('--name <text>', 'what the key is for')
    .option('--subject <id>', 'user id in records and policies (default: the name)')
    .option('--role <role>', 'role in policies; repeat for more', collect, [])
    .option('--scope <scope>', 'scope in policies; repeat for more', collect, [])
    .option('--tier <name>', 'rate limit tier')
    .option('--days <n>', 'days until it expires (default 90; 0 = never)', '90')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport keys create --tenant acme --name ci --role analyst --days 30\n')
    .action((options: CreateOptions) => withStore(io, (store, folders) => create(store, options, { io, folders })));
  keys
    .command('list')
    .description('keys without their secrets')
    .option('--tenant <id>', 'only this tenant')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport keys list --tenant acme\n')
    .action((options: { tenant?: string; json?: boolean }) => withStore(io, (store) => list(store, options, io)));
  keys
    .command('rotate <id>')
    .description('make a new key with the same rights; the old one ends')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport keys rotate 0123456789abcdef\n')
    .action((id: string, options: { json?: boolean }) => withStore(io, (store) => rotate(store, id, options, io)));
  keys
    .command('revoke <id>')
    .description('end a key; a running gateway stops accepting it within seconds')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport keys revoke 0123456789abcdef\n')
    .action((id: string, options: { json?: boolean }) => withStore(io, (store) => revoke(store, id, options, io)));
}

async function withStore(io: CliIo, work: (store: Store, folders: Folders) => void | Promise<void>): Promise<void> {
  const folders = await io.loadFolders();
  const store = openStore(join(folders.data, 'sallyport.db'));
  try {
    await work(store, folders);
  } finally {
    store.close();
  }
}

async function create(
  store: Store,
  options: CreateOptions,
  { io, folders }: { readonly io: CliIo; readonly folders: Folders },
): Promise<void> {
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
    expiresAtMs: days === 0 ? undefined : now + days * 86_400_000,
  });
  await store.keys.put(key);
  show(text, key, options, io);
}

function show(text: string, key: ApiKey, options: { readonly json?: boolean }, io: CliIo): void {
  if (options.json) return io.stdout(`${JSON.stringify({ key: text, ...publicFields(key) })}\n`);
  io.stdout(`${text}\n`);
  io.stderr(
    `Key ${key.id} for tenant ${printable(key.tenant)}${key.expiresAtMs === undefined ? '' : `, until ${day(key.expiresAtMs)}`}. It is not shown again.\n`,
  );
}

async function list(
  store: Store,
  options: { readonly tenant?: string; readonly json?: boolean },
  io: CliIo,
): Promise<void> {
  const all = await store.keys.list(options.tenant);
  if (options.json) return io.stdout(`${JSON.stringify(all.map(publicFields))}\n`);
  if (all.length === 0) return io.stdout('No keys. Make one with: sallyport keys create --tenant <id> --name <text>\n');
  for (const line of columns(
    all.map((key) => [
      key.id,
      ...[key.tenant, key.subject, key.name, key.roles.join(',')].map(printable),
      stateOf(key),
    ]),
  ))
    io.stdout(`${line}\n`);
}

async function rotate(store: Store, id: string, options: { readonly json?: boolean }, io: CliIo): Promise<void> {
  const old = await store.keys.find(id);
  if (old === undefined || old.revokedAtMs !== undefined) return unknown(id, io);
  const now = Date.now();
  const lifetime = old.expiresAtMs === undefined ? undefined : old.expiresAtMs - old.createdAtMs;
  const { text, key } = mintApiKey({
    ...old,
    createdAtMs: now,
    expiresAtMs: lifetime === undefined ? undefined : now + lifetime,
  });
  await store.keys.put(key);
  await store.keys.put({ ...old, revokedAtMs: now });
  show(text, key, options, io);
}

async function revoke(store: Store, id: string, options: { readonly json?: boolean }, io: CliIo): Promise<void> {
  const key = await store.keys.find(id);
  if (key === undefined) return unknown(id, io);
  await store.keys.put({ ...key, revokedAtMs: key.revokedAtMs ?? Date.now() });
  io.stdout(options.json ? `${JSON.stringify({ id, revoked: true })}\n` : `Key ${id} is revoked.\n`);
}

function unknown(id: string, io: CliIo): void {
  io.stderr(`There is no key ${printable(id)} that is in force. See: sallyport keys list\n`);
  io.exit(1);
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function stateOf(key: ApiKey): string {
  if (key.revokedAtMs !== undefined) return `revoked ${day(key.revokedAtMs)}`;
  if (key.expiresAtMs === undefined) return 'never expires';
  return `${key.expiresAtMs < Date.now() ? 'expired' : 'until'} ${day(key.expiresAtMs)}`;
}

function publicFields({ hash: _hash, ...fields }: ApiKey): Omit<ApiKey, 'hash'> {
  return fields;
}
