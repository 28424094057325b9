/**
 * H9, B7: each user has a bounded number of long streams at once, whatever its client ids, and each tenant a share of
 * all of them.
 */
import { createFairShares, GuardError, shareHolderOf, takeShare, type Identity } from '@sallyport/guard';

/** Counts the open streams of users and tenants. */
export interface StreamSlots {
  /**
   * Counts one stream of a user.
   *
   * @param userMax streams that one user may have.
   * @returns a function that ends the count; calling it again has no effect.
   * @throws GuardError `rate_limited` when the user, or its tenant, has too many.
   */
  take(identity: Identity, userMax: number): () => void;
  /**
   * Whether a stream of the user has to end because a limit was tightened. What was told so counts as ended at once, so
   * that no more streams end than have to.
   */
  mustEnd(identity: Identity, userMax: number): boolean;
}

const RETRY_AFTER_SECONDS = 10;

/** No stream is open at first. @param streamsMax of everybody together. */
export function createStreamSlots(streamsMax: number): StreamSlots {
  const shares = createFairShares(() => streamsMax);
  const ofUsers = new Map<string, number>();
  const endingOfUsers = new Map<string, number>();
  return {
    mustEnd(identity, userMax) {
      const { user } = shareHolderOf(identity);
      const ending = endingOfUsers.get(user) ?? 0;
      if ((ofUsers.get(user) ?? 0) - ending <= userMax) return false;
      endingOfUsers.set(user, ending + 1);
      return true;
    },
    take(identity, userMax) {
      const holder = shareHolderOf(identity);
      const count = ofUsers.get(holder.user) ?? 0;
      if (count >= userMax)
        throw new GuardError('rate_limited', {
          message: 'There are too many open streams of this caller.',
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      const release = takeShare(shares, holder, 'streams … are open');
      ofUsers.set(holder.user, count + 1);
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        release();
        const ending = (endingOfUsers.get(holder.user) ?? 0) - 1;
        if (ending > 0) endingOfUsers.set(holder.user, ending);
        else endingOfUsers.delete(holder.user);
        const left = (ofUsers.get(holder.user) ?? 1) - 1;
        if (left > 0) ofUsers.set(holder.user, left);
        else ofUsers.delete(holder.user);
      };
    },
  };
}
