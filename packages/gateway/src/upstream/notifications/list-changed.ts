/** A list that is said to have changed is compared with its pins again before it is used. */
import type { SessionState } from '../sessions/session.ts';
import { kindsChangedBy } from '../../mcp/lists.ts';

export function noteChange(verifications: SessionState['verifications'], method: string): void {
  for (const kind of kindsChangedBy(method)) verifications.delete(kind);
}
