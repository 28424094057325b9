/**
 * Ended MCP sessions that several processes share. Every call with a session reads them, so they are in memory: what
 * other processes end is read by its number.
 */
import type { Clock, SessionDirectory } from '@sallyport/guard';
import type { Kysely } from 'kysely';
import { inOrder } from './numbered.ts';
import { quoted, unquoted, type Tables } from './tables.ts';

/** The sessions as one process knows them. */
export interface SharedSessions extends SessionDirectory {
  /**
   * Reads what other processes ended since the last time, stores what could not be stored before, and forgets what has
   * expired.
   */
  read(): Promise<void>;
}

const PURGE_MS = 600_000;

/**
 * @param owner the data folder of this process: the subscriptions of a session are in one process.
 * @returns sessions that know nothing before the first `read`.
 */
export function createSharedSessions(database: Kysely<Tables>, clock: Clock, owner: string): SharedSessions {
  const ended = new Map<string, number>();
  /** Ended or held here while the database did not answer. */
  const unsaved = new Map<string, () => Promise<void>>();
  let known = 0;
  let nextPurgeMs = clock.now() + PURGE_MS;
  const remember = (id: string, expiresAtMs: number): void =>
    void ended.set(id, Math.max(expiresAtMs, ended.get(id) ?? 0));
  const save = async (key: string, work: () => Promise<void>): Promise<void> => {
    unsaved.set(key, work);
    await work();
    unsaved.delete(key);
  };
  /** What the database does not take now is stored with the next read. */
  const saveSoon = (key: string, work: () => Promise<void>): Promise<void> => save(key, work).catch(() => undefined);
  const purgeIfDue = async (): Promise<void> => {
    const nowMs = clock.now();
    if (nowMs < nextPurgeMs) return;
    nextPurgeMs = nowMs + PURGE_MS;
    for (const [id, expiresAtMs] of ended) if (expiresAtMs <= nowMs) ended.delete(id);
    await database.deleteFrom('ended_sessions').where('expires_at', '<=', nowMs).execute();
    await database.deleteFrom('held_sessions').where('expires_at', '<=', nowMs).execute();
  };
  return {
    async end(id, expiresAtMs) {
      remember(id, expiresAtMs);
      await saveSoon(`end ${id}`, () => storeEnd(database, id, expiresAtMs));
      // What the database does not delete now it deletes the next time.
      await purgeIfDue().catch(() => undefined);
    },
    ended: (id) => ended.has(id),
    async hold(id, expiresAtMs) {
      await saveSoon(`hold ${id}`, () => storeHold(database, owner, id, expiresAtMs));
    },
    async endHeld() {
      const mine = database.selectFrom('held_sessions').selectAll().where('owner', '=', owner);
      for (const { id, expires_at: expiresAtMs } of await mine.where('expires_at', '>', clock.now()).execute()) {
        remember(unquoted(id), expiresAtMs);
        await storeEnd(database, unquoted(id), expiresAtMs);
      }
      await database.deleteFrom('held_sessions').where('owner', '=', owner).execute();
    },
    async read() {
      for (const [key, work] of unsaved) await save(key, work);
      const rows = await database.selectFrom('ended_sessions').selectAll().where('number', '>', known).execute();
      for (const { id, number, expires_at: expiresAtMs } of rows) {
        if (expiresAtMs > clock.now()) remember(unquoted(id), expiresAtMs);
        known = Math.max(known, number);
      }
      await purgeIfDue();
    },
  };
}

/** The later expiry counts, so that ending a session again cannot bring it back. */
const storeEnd = (database: Kysely<Tables>, id: string, expiresAtMs: number): Promise<void> =>
  inOrder(database, 'ended_sessions', async (transaction, number) => {
    const row = { id: quoted(id), number, expires_at: expiresAtMs };
    const insert = transaction.insertInto('ended_sessions').values(row);
    await insert
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet({ number, expires_at: expiresAtMs })
          .where('ended_sessions.expires_at', '<', expiresAtMs),
      )
      .execute();
  });

async function storeHold(database: Kysely<Tables>, owner: string, id: string, expiresAtMs: number): Promise<void> {
  await database
    .insertInto('held_sessions')
    .values({ id: quoted(id), owner, expires_at: expiresAtMs })
    .onConflict((conflict) => conflict.columns(['owner', 'id']).doUpdateSet({ expires_at: expiresAtMs }))
    .execute();
}
