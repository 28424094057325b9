/** A list that has changed, as its server says, is compared with the pins again before it is used. */
import { kindsChangedBy } from '@sallyport/server/mcp/lists';
import type { SessionState } from '../sessions/session.ts';

/** Forgets the verifications of the lists that a notification is about, if any. */
export function forgetChangedLists({ verifications }: Pick<SessionState, 'verifications'>, notification: string): void {
  for (const kind of kindsChangedBy(notification)) verifications.delete(kind);
}
