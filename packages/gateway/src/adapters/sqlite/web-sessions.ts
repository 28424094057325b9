import type { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '@sallyport/guard';
import type { WebSession, WebSessionStore } from '../../web-sessions.ts';
import { whenFree } from './when-free.ts';

interface Row {
  id_hash: string;
  issuer: string;
  subject: string;
  sid: string | null;
  session: string;
  last_seen_at: number;
  expires_at: number;
}

/** What a row keeps beside its columns. */
type Stored = Omit<WebSession, 'idHash' | 'issuer' | 'subject' | 'sid' | 'lastSeenAtMs' | 'expiresAtMs'>;

function read(row: Row): WebSession {
  const { clientId, tenant, claims, roles, csrfToken, authTimeMs, acr, createdAtMs } = JSON.parse(
    row.session,
  ) as Stored;
  return {
    idHash: row.id_hash,
    issuer: row.issuer,
    subject: row.subject,
    clientId,
    tenant,
    claims: claims satisfies JsonObject,
    roles,
    csrfToken,
    authTimeMs,
    acr,
    sid: row.sid ?? undefined,
    createdAtMs,
    lastSeenAtMs: row.last_seen_at,
    expiresAtMs: row.expires_at,
  };
}

function sessionText({ clientId, tenant, claims, roles, csrfToken, authTimeMs, acr, createdAtMs }: WebSession): string {
  return JSON.stringify({
    clientId,
    tenant,
    claims,
    roles,
    csrfToken,
    authTimeMs,
    acr,
    createdAtMs,
  } satisfies Stored);
}

/** The sessions of browsers in SQLite. */
export function createWebSessions(database: DatabaseSync): WebSessionStore {
  const find = database.prepare('SELECT * FROM web_sessions WHERE id_hash = ?');
  const insert = database.prepare('INSERT INTO web_sessions VALUES (?, ?, ?, ?, ?, ?, ?)');
  const purge = database.prepare('DELETE FROM web_sessions WHERE expires_at <= ?');
  const keepNewest = database.prepare(
    `DELETE FROM web_sessions WHERE id_hash IN (
       SELECT id_hash FROM web_sessions WHERE issuer = ? AND subject = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?)`,
  );
  const seen = database.prepare('UPDATE web_sessions SET last_seen_at = max(last_seen_at, ?) WHERE id_hash = ?');
  const end = database.prepare('DELETE FROM web_sessions WHERE id_hash = ?');
  const endOf = database.prepare(
    `DELETE FROM web_sessions WHERE issuer = ?1 AND (?2 IS NULL OR coalesce(session ->> '$.claims.sub', subject) = ?2)
     AND (?3 IS NULL OR sid = ?3 OR (sid IS NULL AND ?2 IS NOT NULL))`,
  );
  const purgeTaken = database.prepare('DELETE FROM taken_once WHERE expires_at <= ?');
  const take = database.prepare('INSERT OR IGNORE INTO taken_once VALUES (?, ?)');
  return {
    find: (idHash) =>
      whenFree(() => {
        const row = find.get(idHash) as Row | undefined;
        return row && read(row);
      }),
    insert: (session, perPersonMax, nowMs) =>
      whenFree(() => {
        const { idHash, issuer, subject, sid = null, lastSeenAtMs, expiresAtMs } = session;
        purge.run(nowMs);
        keepNewest.run(issuer, subject, perPersonMax - 1);
        insert.run(idHash, issuer, subject, sid, sessionText(session), lastSeenAtMs, expiresAtMs);
      }),
    seen: (idHash, atMs) => whenFree(() => void seen.run(atMs, idHash)),
    end: (idHash) => whenFree(() => void end.run(idHash)),
    endOf: ({ issuer, sub, sid }) => whenFree(() => void endOf.run(issuer, sub ?? null, sid ?? null)),
    takeOnce: (text, expiresAtMs, nowMs) =>
      whenFree(() => {
        purgeTaken.run(nowMs);
        return take.run(text, expiresAtMs).changes === 1;
      }),
  };
}
