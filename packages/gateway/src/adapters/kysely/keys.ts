/** API keys in a database that several processes share. */
import type { ApiKey, KeyStore } from '@sallyport/guard';
import type { Kysely } from 'kysely';
import { inOrder } from './numbered.ts';
import { quoted, unquoted, type KeyRow, type Tables } from './tables.ts';

/** Keys that changed, and how far they were read. */
export interface ChangedKeys {
  readonly keys: readonly ApiKey[];
  readonly number: number;
}

/** The keys, and what changed of them. */
export interface SharedKeys extends KeyStore {
  /** @param after number up to which changes were read; 0 for all keys. */
  changed(after: number): Promise<ChangedKeys>;
}

/** The API keys of all tenants. */
export function createSharedKeys(database: Kysely<Tables>): SharedKeys {
  return {
    async find(id) {
      const row = await database.selectFrom('api_keys').selectAll().where('id', '=', quoted(id)).executeTakeFirst();
      return row && keyOf(row);
    },
    async list(tenant) {
      let query = database.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('id');
      if (tenant !== undefined) query = query.where('tenant', '=', quoted(tenant));
      return (await query.execute()).map(keyOf);
    },
    put: (key) =>
      inOrder(database, 'keys', async (transaction, number) => {
        const row = rowOf(key, number);
        await transaction
          .insertInto('api_keys')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
          .execute();
      }),
    async changed(after) {
      const rows = await database.selectFrom('api_keys').selectAll().where('number', '>', after).execute();
      return { keys: rows.map(keyOf), number: rows.reduce((last, { number }) => Math.max(last, number), after) };
    },
  };
}

const rowOf = (key: ApiKey, number: number): KeyRow => ({
  id: quoted(key.id),
  number,
  hash: quoted(key.hash),
  tenant: quoted(key.tenant),
  subject: quoted(key.subject),
  name: quoted(key.name),
  roles: JSON.stringify(key.roles),
  scopes: JSON.stringify(key.scopes),
  tier: key.tier === undefined ? null : quoted(key.tier),
  created_at: key.createdAtMs,
  expires_at: key.expiresAtMs ?? null,
  revoked_at: key.revokedAtMs ?? null,
});

const keyOf = (row: KeyRow): ApiKey => ({
  id: unquoted(row.id),
  hash: unquoted(row.hash),
  tenant: unquoted(row.tenant),
  subject: unquoted(row.subject),
  name: unquoted(row.name),
  roles: JSON.parse(row.roles) as string[],
  scopes: JSON.parse(row.scopes) as string[],
  tier: row.tier === null ? undefined : unquoted(row.tier),
  createdAtMs: row.created_at,
  expiresAtMs: row.expires_at ?? undefined,
  revokedAtMs: row.revoked_at ?? undefined,
});
