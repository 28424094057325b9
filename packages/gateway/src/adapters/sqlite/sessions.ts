import type { DatabaseSync } from 'node:sqlite';
import { andThen, type Clock, type MaybePromise, type SessionDirectory } from '@sallyport/guard';
import { whenFree } from './when-free.ts';

interface Row {
  id: string;
  expires_at: number;
}

const PURGE_MS = 600_000;

/** Ended sessions in SQLite. They are kept in memory too, because every call with a session reads them. */
export function createSessions(database: DatabaseSync, clock: Clock): SessionDirectory {
  const insert = database.prepare(
    `INSERT INTO ended_sessions VALUES (?, ?)
     ON CONFLICT (id) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)`,
  );
  const hold = database.prepare('INSERT OR REPLACE INTO held_sessions VALUES (?, ?)');
  const held = database.prepare('SELECT id, expires_at FROM held_sessions');
  const forgetHeld = database.prepare('DELETE FROM held_sessions');
  const purgeHeld = database.prepare('DELETE FROM held_sessions WHERE expires_at <= ?');
  const purge = database.prepare('DELETE FROM ended_sessions WHERE expires_at <= ?');
  purge.run(clock.now());
  const rows = database.prepare('SELECT id, expires_at FROM ended_sessions').all() as unknown as Row[];
  const ended = new Map(rows.map((row) => [row.id, row.expires_at]));
  let nextPurgeMs = clock.now() + PURGE_MS;
  const purgeIfDue = (): MaybePromise<void> => {
    const nowMs = clock.now();
    if (nowMs < nextPurgeMs) return undefined;
    nextPurgeMs = nowMs + PURGE_MS;
    for (const [endedId, endedExpiryMs] of ended) if (endedExpiryMs <= nowMs) ended.delete(endedId);
    return whenFree(() => {
      purge.run(nowMs);
      purgeHeld.run(nowMs);
    });
  };
  // The later expiry counts, so that ending a session again cannot bring it back.
  const remember = (id: string, expiresAtMs: number): void =>
    void ended.set(id, Math.max(expiresAtMs, ended.get(id) ?? 0));
  return {
    end(id, expiresAtMs) {
      remember(id, expiresAtMs);
      return andThen(
        whenFree(() => void insert.run(id, expiresAtMs)),
        purgeIfDue,
      );
    },
    ended: (id) => ended.has(id),
    hold: (id, expiresAtMs) =>
      andThen(
        whenFree(() => void hold.run(id, expiresAtMs)),
        purgeIfDue,
      ),
    endHeld: () =>
      whenFree(() => {
        purgeHeld.run(clock.now());
        for (const { id, expires_at: expiresAtMs } of held.all() as unknown as Row[]) {
          remember(id, expiresAtMs);
          insert.run(id, expiresAtMs);
        }
        forgetHeld.run();
      }),
  } satisfies SessionDirectory;
}
