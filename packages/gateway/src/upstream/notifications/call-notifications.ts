/** Which notifications that a server sends during a call reach the caller, and in which form. */
import type { ClientChannel, JsonObject } from '@sallyport/guard';
import { isAtLeast } from '@sallyport/server/mcp/log-levels';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import { sealRelatedTask, type TaskSeal } from '../tasks/task-ids.ts';

/**
 * @param channelNow the channel of the client's request that waits now; `undefined` while none does. It changes while
 * the call runs when a modern client retries. @returns a handler for the notifications of one request to the server.
 */
export function createCallNotifications(
  channelNow: () => ClientChannel | undefined,
  taskSeal: TaskSeal,
): (method: string, params: JsonObject) => void {
  let progress = Number.NEGATIVE_INFINITY;
  return (method, params) => {
    const channel = channelNow();
    if (channel === undefined) return;
    if (method === NOTIFICATION.progress) {
      const value = params['progress'];
      // Progress must increase. A client would believe that the work began anew.
      if (channel.progressToken === undefined || typeof value !== 'number' || value <= progress) return;
      progress = value;
      return channel.notify(method, { ...params, progressToken: channel.progressToken });
    }
    if (method === NOTIFICATION.message) {
      if (wantsLogMessage(channel, params)) channel.notify(method, sealRelatedTask(taskSeal, params));
      return;
    }
    if (method === NOTIFICATION.elicitationComplete && channel.era === 'legacy') channel.notify(method, params);
  };
}

/** A legacy client has set the level at the server itself; a modern one gets no message unless it named a level. */
const wantsLogMessage = ({ era, logLevel }: ClientChannel, { level }: JsonObject): boolean =>
  era === 'legacy' || (logLevel !== undefined && isAtLeast(level, logLevel));
