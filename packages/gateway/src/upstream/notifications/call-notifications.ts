/** What of a server's notifications during a call reaches the caller, and in which form. */
import type { JsonObject, ClientChannel } from '@sallyport/guard';
import { sealRelated, type TaskSeal } from '../calls/tasks.ts';
import { isAtLeast } from '../../mcp/log-levels.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';

/** The relay may change while the call runs: a retry of a modern client brings a new one. */
export interface CallNotifications {
  relay(): ClientChannel | undefined;
  readonly seal: TaskSeal;
}

export function createCallNotifications({
  relay,
  seal,
}: CallNotifications): (method: string, params: JsonObject) => void {
  let progress = Number.NEGATIVE_INFINITY;
  return (method, params) => {
    const to = relay();
    if (to === undefined) return;
    if (method === NOTIFICATION.progress) {
      const value = params['progress'];
      // Progress must increase; what does not would make a client believe that the work began anew.
      if (to.progressToken === undefined || typeof value !== 'number' || value <= progress) return;
      progress = value;
      return to.notify(method, { ...params, progressToken: to.progressToken });
    }
    if (method === NOTIFICATION.message) {
      if (to.era === 'modern' && (to.logLevel === undefined || !isAtLeast(params['level'], to.logLevel))) return;
      return to.notify(method, sealRelated(seal, params));
    }
    if (method === NOTIFICATION.elicitationComplete && to.era === 'legacy') to.notify(method, params);
  };
}
