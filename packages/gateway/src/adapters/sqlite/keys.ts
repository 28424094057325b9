import type { DatabaseSync } from 'node:sqlite';
import type { ApiKey, KeyStore } from '@sallyport/guard';
import { whenFree } from './when-free.ts';

interface Row {
  id: string;
  hash: string;
  tenant: string;
  subject: string;
  name: string;
  roles: string;
  scopes: string;
  tier: string | null;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

const read = (row: Row): ApiKey => ({
  id: row.id,
  hash: row.hash,
  tenant: row.tenant,
  subject: row.subject,
  name: row.name,
  roles: JSON.parse(row.roles) as string[],
  scopes: JSON.parse(row.scopes) as string[],
  tier: row.tier ?? undefined,
  createdAtMs: row.created_at,
  expiresAtMs: row.expires_at ?? undefined,
  revokedAtMs: row.revoked_at ?? undefined,
});

/** The API keys of all tenants in SQLite. */
export function createKeys(database: DatabaseSync): KeyStore {
  const find = database.prepare('SELECT * FROM api_keys WHERE id = ?');
  const all = database.prepare('SELECT * FROM api_keys WHERE ?1 IS NULL OR tenant = ?1 ORDER BY created_at, id');
  const put = database.prepare('INSERT OR REPLACE INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  return {
    find: (id) =>
      whenFree(() => {
        const row = find.get(id) as Row | undefined;
        return row && read(row);
      }),
    list: (tenant) => whenFree(() => (all.all(tenant ?? null) as unknown as Row[]).map(read)),
    put: (key) =>
      whenFree(() => {
        put.run(
          key.id,
          key.hash,
          key.tenant,
          key.subject,
          key.name,
          JSON.stringify(key.roles),
          JSON.stringify(key.scopes),
          key.tier ?? null,
          key.createdAtMs,
          key.expiresAtMs ?? null,
          key.revokedAtMs ?? null,
        );
      }),
  } satisfies KeyStore;
}
