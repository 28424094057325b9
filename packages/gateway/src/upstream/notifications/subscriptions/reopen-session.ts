/** Opens a session again that ended while it had subscribers: there may never be a call that would open it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireSession } from '../../calls/acquire-session.ts';
import { withSettings } from '../../calls/server-call.ts';
import type { UpstreamDeps } from '../../deps.ts';
import type { Backoff } from '../../sessions/backoff.ts';
import type { SessionPool } from '../../sessions/pool.ts';
import { ownerKey, type UpstreamSession } from '../../sessions/session.ts';
import type { Subscribers } from '../subscribers.ts';

const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

/**
 * Tries until a session is open, there are no subscribers any more, or the gateway stops.
 *
 * @param endings of sessions: one that ends again and again is opened less and less often.
 */
export async function reopenSession(
  servers: UpstreamDeps['servers'],
  pool: SessionPool,
  subscribers: Subscribers,
  { settings: { name }, owner }: UpstreamSession,
  endings: Backoff,
  stopping: AbortSignal,
): Promise<void> {
  if (owner === undefined) return;
  const key = `${name} ${ownerKey(owner)}`;
  await pause(endings.waitMs(key), stopping);
  endings.failed(key);
  for (let failures = 0; !stopping.aborted; failures++) {
    const [subscriber] = subscribers.of(name, owner);
    const settings = servers().find((server) => server.name === name);
    if (subscriber === undefined || settings === undefined || pool.sessionsOf(name, owner).length > 0) return;
    try {
      pool.release(await acquireSession(pool, withSettings(subscriber.call, settings)));
      return;
    } catch {
      // The pool has logged why. The server comes back, or its subscribers go away.
      await pause(Math.min(RETRY_MS * 2 ** Math.min(failures, 5), RETRY_MS_MAX), stopping);
    }
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
