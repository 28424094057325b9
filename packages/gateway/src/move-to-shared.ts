/**
 * Moves keys, pins and ended sessions of a data folder to the database that several processes share, once. What is in
 * the database counts, except that a key which was revoked in either place is revoked.
 */
import type { Log, Pin, PinChange } from '@sallyport/guard';
import type { SharedStores } from './adapters/kysely/database.ts';
import type { Store } from './adapters/sqlite/store.ts';

/** When the contents of the file were moved; `undefined` while it counts. */
export function movedAtMs({ database }: Store): number | undefined {
  const row = database.prepare("SELECT value FROM counters WHERE name = 'moved'").get();
  return row === undefined ? undefined : Number(row['value']);
}

/** Can be repeated: the file is marked when everything is in the database. */
export async function moveToShared(store: Store, shared: SharedStores, log: Log): Promise<void> {
  const keys = await moveKeys(store, shared);
  const { pins, differing } = await movePins(store, shared);
  await moveSessions(store, shared);
  store.database.prepare("INSERT OR REPLACE INTO counters VALUES ('moved', ?)").run(Date.now());
  log('info', 'keys and pins of the data folder were moved to the database', { keys, pins });
  if (differing.length > 0)
    log('warn', 'the database has other pins for some definitions, and those count', { definitions: differing });
}

async function moveKeys({ keys }: Store, shared: SharedStores): Promise<number> {
  const all = await keys.list(undefined);
  for (const key of all) {
    const known = await shared.keys.find(key.id);
    const revokedAtMs = known?.revokedAtMs ?? key.revokedAtMs;
    if (known === undefined || known.revokedAtMs !== revokedAtMs) await shared.keys.put({ ...key, revokedAtMs });
  }
  return all.length;
}

const NAMED_MAX = 20;
const keyOf = ({ server, kind, name }: Pick<Pin, 'server' | 'kind' | 'name'>): string =>
  JSON.stringify([server, kind, name]);

async function movePins(
  { pins: from }: Store,
  { pins: to }: SharedStores,
): Promise<{ readonly pins: number; readonly differing: readonly string[] }> {
  const pins = await from.pins();
  await to.apply(pins.map((pin) => ({ kind: 'pin_if_absent', pin })));
  const waiting = new Set((await to.pendingDigests()).map(keyOf));
  const pending = (await from.pending()).filter((definition) => !waiting.has(keyOf(definition)));
  await to.apply(
    pending.flatMap((definition): PinChange[] => [
      { kind: 'save_pending', pending: definition },
      ...(definition.rejected === undefined
        ? []
        : [{ kind: 'reject' as const, pending: { ...definition, rejected: definition.rejected } }]),
    ]),
  );
  const digests = new Map((await to.pins()).map((pin) => [keyOf(pin), pin.digest]));
  const differing = pins.filter((pin) => digests.get(keyOf(pin)) !== pin.digest).map(keyOf);
  return { pins: pins.length, differing: differing.slice(0, NAMED_MAX) };
}

/** Subscriptions ended with the process that kept them. */
async function moveSessions({ database }: Store, shared: SharedStores): Promise<void> {
  const rows = database
    .prepare('SELECT id, expires_at FROM ended_sessions UNION SELECT id, expires_at FROM held_sessions')
    .all();
  const sessions = shared.sessions({ now: () => Date.now() }, 'moved');
  for (const row of rows) await sessions.end(String(row['id']), Number(row['expires_at']));
  await sessions.read();
}
