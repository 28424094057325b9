/** H9: each principal has a bounded number of long streams at once. */
import { GuardError, type PrincipalKey } from '@sallyport/guard';

/** Counts the open streams of each principal. */
export interface StreamSlots {
  /** Counts one stream of a principal. @throws GuardError `rate_limited` when it has `max` open. */
  take(principalKey: PrincipalKey, max: number): void;
  release(principalKey: PrincipalKey): void;
}

const RETRY_AFTER_SECONDS = 10;

/** No stream is open at first. */
export function createStreamSlots(): StreamSlots {
  const open = new Map<PrincipalKey, number>();
  return {
    take(principalKey, max) {
      const count = open.get(principalKey) ?? 0;
      if (count >= max)
        throw new GuardError('rate_limited', {
          message: 'There are too many open streams of this caller.',
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      open.set(principalKey, count + 1);
    },
    release(principalKey) {
      const left = (open.get(principalKey) ?? 1) - 1;
      if (left > 0) open.set(principalKey, left);
      else open.delete(principalKey);
    },
  };
}
