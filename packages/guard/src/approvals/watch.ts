/** When a request for approval was decided, here or by another process on the same store. */
import { GuardError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import type { Approvals } from './index.ts';

/**
 * Resolves when the request does not wait any more, or when the signal is aborted. Never rejects.
 *
 * @example
 * ```ts
 * const atMostAMinute = (decided: Decided, tenant: string, id: string): Promise<void> =>
 *   decided(tenant, id, AbortSignal.timeout(60_000));
 * ```
 */
export type Decided = (tenant: string, id: string, signal: AbortSignal) => Promise<void>;

/** How often the requests are looked at that somebody waits for. */
const DECIDED_POLL_MS = 500;
/** Looked at each time, so that a thousand that wait cost the store no more than these. */
const LOOKS_MAX = 50;
interface Waiting {
  readonly tenant: string;
  readonly id: string;
  readonly resolve: () => void;
}

/**
 * Looks at the requests in turn; who has waited longest comes first.
 *
 * @example
 * ```ts
 * const decided = watchDecisions(approvals, systemClock);
 * await decided('acme', id, AbortSignal.timeout(60_000));
 * ```
 */
export function watchDecisions(approvals: Pick<Approvals, 'show'>, clock: Clock): Decided {
  const waiting = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;
  const forget = (one: Waiting): void => {
    waiting.delete(one);
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const look = async (one: Waiting): Promise<void> => {
    if (await isPending(approvals, clock, one)) return;
    forget(one);
    one.resolve();
  };
  const lookAtSome = (): void => {
    for (const one of [...waiting].slice(0, LOOKS_MAX)) {
      // To the end, so that everybody's turn comes.
      waiting.delete(one);
      waiting.add(one);
      void look(one);
    }
  };
  return (tenant, id, signal) =>
    new Promise((resolve) => {
      const one: Waiting = { tenant, id, resolve };
      waiting.add(one);
      timer ??= setInterval(lookAtSome, DECIDED_POLL_MS).unref();
      signal.addEventListener(
        'abort',
        () => {
          forget(one);
          resolve();
        },
        { once: true },
      );
    });
}

/** A store that does not answer has not decided: the caller goes on waiting, up to its limit. */
async function isPending(approvals: Pick<Approvals, 'show'>, clock: Clock, { tenant, id }: Waiting): Promise<boolean> {
  try {
    const { status, expiresAtMs } = await approvals.show(tenant, id);
    return status === 'pending' && clock.now() < expiresAtMs;
  } catch (thrown) {
    return !(thrown instanceof GuardError && thrown.code === 'not_found');
  }
}
