import type { DatabaseSync } from 'node:sqlite';
import type { Clock, SessionDirectory } from '@sallyport/guard';

/** Ended sessions in SQLite. They are kept in memory too, because every call with a session reads them. */
export function createSessions(database: DatabaseSync, clock: Clock): SessionDirectory {
  const insert = database.prepare(
    `INSERT INTO ended_sessions VALUES (?, ?)
     ON CONFLICT (id) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)`,
  );
  const purge = database.prepare('DELETE FROM ended_sessions WHERE expires_at <= ?');
  purge.run(clock.now());
  const ended = new Map(
    (
      database.prepare('SELECT id, expires_at FROM ended_sessions').all() as unknown as {
        id: string;
        expires_at: number;
      }[]
    ).map((row) => [row.id, row.expires_at]),
  );
  let purgeAt = clock.now() + 600_000;
  return {
    end(id, expiresAt) {
      // The later expiry counts, so that ending a session again cannot bring it back.
      ended.set(id, Math.max(expiresAt, ended.get(id) ?? 0));
      insert.run(id, expiresAt);
      const now = clock.now();
      if (now < purgeAt) return;
      purgeAt = now + 600_000;
      purge.run(now);
      for (const [expired, expiresAtMs] of ended) if (expiresAtMs <= now) ended.delete(expired);
    },
    ended: (id) => ended.has(id),
  } satisfies SessionDirectory;
}
