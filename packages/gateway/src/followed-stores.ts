/**
 * Keys and ended sessions as calls read them: from memory, which follows the database. A call waits for the database
 * only where its key is not known here yet (invariant 9).
 */
import { GuardError, type ApiKey, type KeyStore, type Log } from '@sallyport/guard';
import { available } from './adapters/kysely/available.ts';
import type { SharedKeys } from './adapters/kysely/keys.ts';
import type { SharedSessions } from './adapters/kysely/sessions.ts';

/** How soon a change by another process is known here, while the database answers. */
export const FOLLOW_MS = 1_000;

/** What follows the database until it is stopped. */
export interface FollowedStores {
  readonly findKey: KeyStore['find'];
  /** How old what is known is. */
  ageMs(): number;
  stop(): void;
}

/** @param outageMs how long keys are used that cannot be read again. Rejects when the first read fails. */
export async function followStores(
  keys: SharedKeys,
  sessions: SharedSessions,
  outageMs: number,
  log: Log,
): Promise<FollowedStores> {
  const known = new Map<string, ApiKey>();
  let number = 0;
  let readAtMs = performance.now();
  const read = async (): Promise<void> => {
    const startedAtMs = performance.now();
    const changed = await keys.changed(number);
    for (const key of changed.keys) known.set(key.id, key);
    number = changed.number;
    await sessions.read();
    readAtMs = startedAtMs;
  };
  await read();
  const timer = setInterval(repeated(read, log), FOLLOW_MS);
  timer.unref();
  const ageMs = (): number => performance.now() - readAtMs;
  const stored = available(keys);
  return {
    findKey(id) {
      if (ageMs() > outageMs) throw new GuardError('unavailable', { cause: new Error('the keys cannot be read') });
      return known.get(id) ?? stored.find(id);
    },
    ageMs,
    stop: () => clearInterval(timer),
  };
}

/** Never two at a time. A failure is logged once, and the end of it. */
function repeated(read: () => Promise<void>, log: Log): () => void {
  let isReading = false;
  let isLost = false;
  const readOnce = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    try {
      await read();
      if (isLost) log('info', 'keys and sessions can be read again');
      isLost = false;
    } catch (thrown) {
      if (!isLost) log('error', 'keys and sessions cannot be read now', { cause: String(thrown) });
      isLost = true;
    }
    isReading = false;
  };
  return () => void readOnce();
}
