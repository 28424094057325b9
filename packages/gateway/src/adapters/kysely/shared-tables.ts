/** The tables of what processes with data folders of their own share: keys, pins and sessions. */
import type { CreateTableBuilder, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

/** API keys. */
export async function createKeyTable({ schema }: Transaction<Tables>): Promise<void> {
  const keys = schema
    .createTable('api_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('tier', 'text')
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull());
  await withTexts(keys, ['hash', 'tenant', 'subject', 'name', 'roles', 'scopes']).execute();
  await schema.createIndex('api_keys_by_number').on('api_keys').column('number').execute();
}

/** Approved definitions, those that wait, and those that are withheld. */
export async function createPinTables({ schema }: Transaction<Tables>): Promise<void> {
  const definitions = (name: string) =>
    withTexts(
      schema.createTable(name).addColumn('id', 'text', (column) => column.primaryKey()),
      ['server', 'kind', 'name'],
    );
  await withTexts(definitions('pins'), ['digest', 'document', 'approved_by'])
    .addColumn('approved_at', 'bigint', (column) => column.notNull())
    .execute();
  await withTexts(definitions('pending_pins'), ['digest', 'document'])
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addColumn('rejected_at', 'bigint')
    .addColumn('rejected_by', 'text')
    .execute();
  await withTexts(definitions('withheld'), ['reason']).execute();
}

/** MCP sessions that were ended or have subscriptions, and sessions of browsers. */
export async function createSessionTables({ schema }: Transaction<Tables>): Promise<void> {
  await schema
    .createTable('ended_sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('ended_sessions_by_number').on('ended_sessions').column('number').execute();
  await schema
    .createTable('held_sessions')
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('held_sessions_key', ['owner', 'id'])
    .execute();
  await withTexts(
    schema
      .createTable('web_sessions')
      .addColumn('id_hash', 'text', (column) => column.primaryKey())
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('sid', 'text')
      .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull()),
    ['issuer', 'subject', 'session'],
  ).execute();
  await schema
    .createTable('taken_once')
    .addColumn('text_hash', 'text', (column) => column.primaryKey())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
}

/** The same table with columns that always have a text. */
function withTexts<T extends string, C extends string>(
  table: CreateTableBuilder<T, C>,
  names: readonly string[],
): CreateTableBuilder<T, C> {
  return names.reduce((all, name) => all.addColumn(name as C, 'text', (column) => column.notNull()), table);
}
