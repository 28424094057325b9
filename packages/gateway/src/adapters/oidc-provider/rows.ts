/** Storage of `oidc-provider` in SQLite: clients, codes, grants, sessions and tokens outlive a restart. */
import type { DatabaseSync } from 'node:sqlite';
import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import { whenFree } from '../sqlite/when-free.ts';

/** Anybody may register a client. Of the clients without a sign-in so many are kept, the newest (P11). */
export const UNUSED_CLIENTS_MAX = 1_000;
const KEEP_NEWEST = `DELETE FROM sign_in WHERE kind = 'Client' AND id IN (
  SELECT client.id FROM sign_in client WHERE client.kind = 'Client'
  AND NOT EXISTS (
    SELECT 1 FROM sign_in used
    WHERE used.kind = 'Grant' AND json_extract(used.payload, '$.clientId') = client.id
  )
  ORDER BY client.rowid DESC LIMIT -1 OFFSET ${UNUSED_CLIENTS_MAX})`;

interface Row {
  readonly payload: string;
  readonly expires_at: number | null;
}

/** @returns a function that makes the storage of one kind of object. */
export function createRows(database: DatabaseSync): (name: string) => Adapter {
  database.exec(
    `CREATE TABLE IF NOT EXISTS sign_in (
       kind TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, uid TEXT, grant_id TEXT, expires_at INTEGER,
       PRIMARY KEY (kind, id)
     ) STRICT`,
  );
  const put = database.prepare('INSERT OR REPLACE INTO sign_in VALUES (?, ?, ?, ?, ?, ?)');
  const byId = database.prepare('SELECT payload, expires_at FROM sign_in WHERE kind = ? AND id = ?');
  const byUid = database.prepare('SELECT payload, expires_at FROM sign_in WHERE kind = ? AND uid = ?');
  const byUserCode = database.prepare(
    "SELECT payload, expires_at FROM sign_in WHERE kind = ? AND json_extract(payload, '$.userCode') = ?",
  );
  const remove = database.prepare('DELETE FROM sign_in WHERE kind = ? AND id = ?');
  const consume = database.prepare(
    `UPDATE sign_in SET payload = json_set(payload, '$.consumed', ?)
     WHERE kind = ? AND id = ? AND json_extract(payload, '$.consumed') IS NULL`,
  );
  const endGrant = database.prepare("DELETE FROM sign_in WHERE grant_id = ? OR (kind = 'Grant' AND id = ?)");
  const keepNewest = database.prepare(KEEP_NEWEST);
  const revoke = database.prepare('DELETE FROM sign_in WHERE grant_id = ?');
  const purge = database.prepare('DELETE FROM sign_in WHERE expires_at < ?');
  const seconds = (): number => Math.floor(Date.now() / 1000);
  const read = (row: Row | undefined): AdapterPayload | undefined =>
    row === undefined || (row.expires_at !== null && row.expires_at < seconds())
      ? undefined
      : (JSON.parse(row.payload) as AdapterPayload);
  return (kind) => ({
    upsert: async (id, payload, expiresIn) =>
      whenFree(() => {
        purge.run(seconds());
        put.run(
          kind,
          id,
          JSON.stringify(payload),
          payload.uid ?? null,
          payload.grantId ?? null,
          expiresIn === undefined ? null : seconds() + expiresIn,
        );
        if (kind === 'Client') keepNewest.run();
      }),
    find: async (id) => whenFree(() => read(byId.get(kind, id) as Row | undefined)),
    findByUid: async (uid) => whenFree(() => read(byUid.get(kind, uid) as Row | undefined)),
    findByUserCode: async (userCode) => whenFree(() => read(byUserCode.get(kind, userCode) as Row | undefined)),
    async consume(id) {
      if ((await whenFree(() => consume.run(seconds(), kind, id).changes)) === 1) return;
      // It was consumed before. One of the two callers may have stolen it, so the grant ends for both.
      const row = await whenFree(() => byId.get(kind, id) as Row | undefined);
      const grantId = row === undefined ? undefined : (JSON.parse(row.payload) as AdapterPayload).grantId;
      if (grantId !== undefined) await whenFree(() => endGrant.run(grantId, grantId));
      throw new errors.InvalidGrant('it was used already');
    },
    destroy: async (id) => whenFree(() => void remove.run(kind, id)),
    revokeByGrantId: async (grantId) => whenFree(() => void revoke.run(grantId)),
  });
}
