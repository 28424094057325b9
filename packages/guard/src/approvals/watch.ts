/** When a request for approval was decided, here or by another process on the same store. */
import { GuardError } from '../errors.ts';
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

type Watched = Pick<Approvals, 'show' | 'subscribe'>;

/** How often the requests are looked at of whose change nothing was heard, because the store could not be read. */
const LOOK_MS = 5_000;
/** Looked at each time, so that a thousand that wait cost the store no more than these. */
const LOOKS_MAX = 50;

interface Waiting {
  readonly tenant: string;
  readonly id: string;
  readonly resolve: () => void;
}

/**
 * Looks at a request when it has changed; and at all of them in turn, who has waited longest first.
 *
 * @example
 * ```ts
 * const decidedIn = (approvals: Approvals): Decided => watchDecisions(approvals);
 * ```
 */
export function watchDecisions(approvals: Watched): Decided {
  const waiting = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;
  const forget = (one: Waiting): void => {
    waiting.delete(one);
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const look = async (one: Waiting): Promise<void> => {
    if (await isPending(approvals, one)) return;
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
  approvals.subscribe(({ id }) => {
    for (const one of waiting) if (one.id === id) void look(one);
  });
  return (tenant, id, signal) =>
    new Promise((resolve) => {
      const one: Waiting = { tenant, id, resolve };
      waiting.add(one);
      // It may have been decided before anybody waited.
      void look(one);
      timer ??= setInterval(lookAtSome, LOOK_MS).unref();
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
async function isPending(approvals: Watched, { tenant, id }: Waiting): Promise<boolean> {
  try {
    const { status } = await approvals.show(tenant, id);
    return status === 'pending';
  } catch (thrown) {
    return !(thrown instanceof GuardError && thrown.code === 'not_found');
  }
}
