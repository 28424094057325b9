/** Storage of `oidc-provider` in SQLite: clients, codes, grants, sessions and tokens outlive a restart. */
import type { DatabaseSync } from 'node:sqlite';
import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Row {
  readonly payload: string;
  readonly expires_at: number | null;
}

export function createRows(database: DatabaseSync): (name: string) => Adapter {
  database.exec('CREATE TABLE IF NOT EXISTS sign_in (kind TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, uid TEXT, grant_id TEXT, expires_at INTEGER, PRIMARY KEY (kind, id)) STRICT');
  const put = database.prepare('INSERT OR REPLACE INTO sign_in VALUES (?, ?, ?, ?, ?, ?)');
  const byId = database.prepare('SELECT payload, expires_at FROM sign_in WHERE kind = ? AND id = ?');
  const byUid = database.prepare('SELECT payload, expires_at FROM sign_in WHERE kind = ? AND uid = ?');
  const drop = database.prepare('DELETE FROM sign_in WHERE kind = ? AND id = ?');
  const revoke = database.prepare('DELETE FROM sign_in WHERE grant_id = ?');
  const purge = database.prepare('DELETE FROM sign_in WHERE expires_at < ?');
  const seconds = (): number => Math.floor(Date.now() / 1000);
  const read = (row: Row | undefined): AdapterPayload | undefined =>
    row === undefined || (row.expires_at !== null && row.expires_at < seconds()) ? undefined : (JSON.parse(row.payload) as AdapterPayload);
  return (kind) => ({
    async upsert(id, payload, expiresIn) {
      purge.run(seconds());
      put.run(kind, id, JSON.stringify(payload), payload.uid ?? null, payload.grantId ?? null, expiresIn === undefined ? null : seconds() + expiresIn);
    },
    find: async (id) => read(byId.get(kind, id) as Row | undefined),
    findByUid: async (uid) => read(byUid.get(kind, uid) as Row | undefined),
    findByUserCode: async () => undefined,
    async consume(id) {
      const payload = read(byId.get(kind, id) as Row | undefined);
      const row = byId.get(kind, id) as Row | undefined;
      if (payload !== undefined) put.run(kind, id, JSON.stringify({ ...payload, consumed: seconds() }), payload.uid ?? null, payload.grantId ?? null, row?.expires_at ?? null);
    },
    destroy: async (id) => void drop.run(kind, id),
    revokeByGrantId: async (grantId) => void revoke.run(grantId),
  });
}
