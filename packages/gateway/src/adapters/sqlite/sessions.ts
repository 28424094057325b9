import type { DatabaseSync } from 'node:sqlite';
import type { Clock, SessionDirectory } from '@sallyport/guard';

/** Kept in memory too, because every call with a session asks; the file is what a restart reads. */
export function createSessions(database: DatabaseSync, clock: Clock): SessionDirectory {
  const insert = database.prepare('INSERT OR REPLACE INTO ended_sessions VALUES (?, ?)');
  const purge = database.prepare('DELETE FROM ended_sessions WHERE expires_at <= ?');
  purge.run(clock.now());
  const ended = new Map((database.prepare('SELECT id, expires_at FROM ended_sessions').all() as unknown as { id: string; expires_at: number }[]).map((row) => [row.id, row.expires_at]));
  let purgeAt = clock.now() + 600_000;
  return {
    end(id, expiresAt) {
      ended.set(id, expiresAt);
      insert.run(id, expiresAt);
      const now = clock.now();
      if (now < purgeAt) return;
      purgeAt = now + 600_000;
      purge.run(now);
      for (const [old, until] of ended) if (until <= now) ended.delete(old);
    },
    ended: (id) => ended.has(id),
  } satisfies SessionDirectory;
}
