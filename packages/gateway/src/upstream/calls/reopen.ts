/** A link that ended while somebody listened over it is opened again without waiting for a call that may never come. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backoff } from '../sessions/backoff.ts';
import { ownerKey, type UpstreamSession } from '../sessions/session.ts';
import { onSession, runOf, type CallDeps } from '../calls/run.ts';

const RETRY_MS = 1_000;
const RETRY_MAX_MS = 30_000;

export interface Reopening {
  /** Of links that ended: one that ends again and again is opened more and more slowly. */
  readonly endings: Backoff;
  readonly stopping: AbortSignal;
}

/** Tries until it is open, nobody listens any more, or the gateway stops. */
export async function reopen(
  bridge: CallDeps,
  { settings: { name }, owner }: UpstreamSession,
  { endings, stopping }: Reopening,
): Promise<void> {
  if (owner === undefined) return;
  const key = `${name} ${ownerKey(owner)}`;
  await pause(endings.waitMs(key), stopping);
  endings.failed(key);
  for (let failures = 0; !stopping.aborted; failures++) {
    const [ear] = bridge.ears.of(name, owner);
    const settings = bridge.servers().find((one) => one.name === name);
    if (ear === undefined || settings === undefined || bridge.links.sessionsOf(name, owner).length > 0) return;
    try {
      return await onSession(bridge, runOf(bridge.sealer, ear.permitted, ear.relay, settings), () => Promise.resolve());
    } catch {
      // Why is in the log already; a server that is away comes back, or its listeners go.
      await pause(Math.min(RETRY_MS * 2 ** Math.min(failures, 5), RETRY_MAX_MS), stopping);
    }
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
