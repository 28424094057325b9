/** A list that is said to have changed is compared with its pins again before it is used. */
import type { SessionState } from '../sessions/session.ts';

export function noteChange(verifications: SessionState['verifications'], method: string): void {
  if (method === 'notifications/tools/list_changed') verifications.delete('tool');
  else if (method === 'notifications/prompts/list_changed') verifications.delete('prompt');
  else if (method === 'notifications/resources/list_changed') {
    verifications.delete('resource');
    verifications.delete('resource_template');
  }
}
