/** The schema, step by step. A released migration is never edited; new ones are added at the end. */
import type { Kysely, Transaction } from 'kysely';
import type { Product } from './product.ts';
import { createKeyTable, createPinTables, createSessionTables } from './shared-tables.ts';
import type { Tables } from './tables.ts';

type Migration = (transaction: Transaction<Tables>, product: Product) => Promise<void>;

const MIGRATIONS: readonly Migration[] = [
  createApprovalTables,
  createChannelTables,
  createSharedTables,
  createPasskeyTables,
];

/**
 * Brings the schema up to date, each step once, in one transaction: of several processes that start on one database,
 * one does it and the others wait.
 *
 * @throws Error when a newer program wrote the database.
 */
export async function migrate(database: Kysely<Tables>, product: Product): Promise<void> {
  if ((await versionOf(database, product)) === MIGRATIONS.length) return;
  await database.transaction().execute(async (transaction) => {
    await product.lockSchema(transaction);
    // Read again under the lock, because another process may have migrated meanwhile.
    const version = await versionOf(transaction, product);
    if (version > MIGRATIONS.length)
      throw new Error(
        `the database was written by a newer Sallyport (version ${version}, this one knows ${MIGRATIONS.length})`,
      );
    if (version === 0) {
      await transaction.schema
        .createTable('sallyport_schema')
        .addColumn('version', 'bigint', (column) => column.notNull())
        .execute();
      await transaction.insertInto('sallyport_schema').values({ version: 0 }).execute();
    }
    for (const step of MIGRATIONS.slice(version)) await step(transaction, product);
    await transaction.updateTable('sallyport_schema').set({ version: MIGRATIONS.length }).execute();
  });
}

async function versionOf(database: Kysely<Tables>, product: Product): Promise<number> {
  if (!(await product.hasTable(database, 'sallyport_schema'))) return 0;
  const row = await database.selectFrom('sallyport_schema').select('version').executeTakeFirst();
  return row?.version ?? 0;
}

async function createApprovalTables(transaction: Transaction<Tables>): Promise<void> {
  const { schema } = transaction;
  let approvals = schema
    .createTable('approvals')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('ended_at', 'bigint')
    .addColumn('reminded', 'bigint', (column) => column.notNull().defaultTo(0));
  for (const name of ['tenant', 'digest', 'status', 'issuer', 'subject', 'client_id', 'server', 'tool'])
    approvals = approvals.addColumn(name, 'text', (column) => column.notNull());
  for (const name of ['version', 'created_at', 'expires_at', 'remind_at', 'bytes'])
    approvals = approvals.addColumn(name, 'bigint', (column) => column.notNull());
  // Last, because SQLite reads a row from its begin.
  await approvals.addColumn('document', 'text', (column) => column.notNull()).execute();
  const index = (name: string, columns: string[]): Promise<void> =>
    schema.createIndex(name).on('approvals').columns(columns).execute();
  await index('approvals_by_digest', ['tenant', 'digest']);
  await index('approvals_by_age', ['tenant', 'created_at', 'id']);
  await index('approvals_by_requester', ['tenant', 'issuer', 'subject', 'status']);
  await index('approvals_by_expiry', ['status', 'expires_at']);
  await schema
    .createTable('approval_events')
    .addColumn('sequence', 'bigint', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('approval_id', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('sequences')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute();
  await transaction.insertInto('sequences').values({ name: 'approvals', value: 0 }).execute();
}

async function createChannelTables({ schema }: Transaction<Tables>): Promise<void> {
  await schema
    .createTable('channels')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('lease_until', 'bigint', (column) => column.notNull())
    .addColumn('sequence', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('channel_notices')
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('approval_id', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('channel_notices_key', ['channel', 'approval_id'])
    .execute();
  await schema
    .createTable('people')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('email', 'text')
    .addColumn('object_id', 'text')
    .addColumn('claims', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('people_key', ['tenant', 'issuer', 'subject'])
    .execute();
  await schema.createIndex('people_by_email').on('people').columns(['tenant', 'email']).execute();
}

async function createSharedTables(transaction: Transaction<Tables>, { isShared }: Product): Promise<void> {
  if (!isShared) return;
  await createKeyTable(transaction);
  await createPinTables(transaction);
  await createSessionTables(transaction);
  const names = ['keys', 'pins', 'ended_sessions', 'web_sessions'];
  await transaction
    .insertInto('sequences')
    .values(names.map((name) => ({ name, value: 0 })))
    .execute();
}

async function createPasskeyTables(transaction: Transaction<Tables>): Promise<void> {
  const { schema } = transaction;
  let passkeys = schema.createTable('passkeys').addColumn('id', 'text', (column) => column.primaryKey());
  for (const name of ['issuer', 'subject', 'public_key', 'transports', 'name'])
    passkeys = passkeys.addColumn(name, 'text', (column) => column.notNull());
  for (const name of ['counter', 'created_at'])
    passkeys = passkeys.addColumn(name, 'bigint', (column) => column.notNull());
  await passkeys.addColumn('used_at', 'bigint').execute();
  await schema.createIndex('passkeys_by_person').on('passkeys').columns(['issuer', 'subject']).execute();
  await schema
    .createTable('passkey_challenges')
    .addColumn('challenge', 'text', (column) => column.primaryKey())
    .addColumn('bound_to', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await transaction.insertInto('sequences').values({ name: 'passkeys', value: 0 }).execute();
}
