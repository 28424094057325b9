/** H9, B7: each user has a bounded number of long streams at once, whatever its client ids. */
import { GuardError, type PrincipalKey } from '@sallyport/guard';
import { userPartOf } from '@sallyport/guard/stages';

/** Counts the open streams of each user. */
export interface StreamSlots {
  /** Counts one stream of a user. @throws GuardError `rate_limited` when the user has `max` open. */
  take(principalKey: PrincipalKey, max: number): void;
  release(principalKey: PrincipalKey): void;
}

const RETRY_AFTER_SECONDS = 10;

/** No stream is open at first. */
export function createStreamSlots(): StreamSlots {
  const open = new Map<string, number>();
  return {
    take(principalKey, max) {
      const count = open.get(userPartOf(principalKey)) ?? 0;
      if (count >= max)
        throw new GuardError('rate_limited', {
          message: 'There are too many open streams of this caller.',
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      open.set(userPartOf(principalKey), count + 1);
    },
    release(principalKey) {
      const user = userPartOf(principalKey);
      const left = (open.get(user) ?? 1) - 1;
      if (left > 0) open.set(user, left);
      else open.delete(user);
    },
  };
}
