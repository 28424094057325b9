/** Messages of a server that name no call: they go to the call that runs on the session, else to its subscribers. */
import { GuardError, type JsonObject } from '@sallyport/guard';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import type { ServerSettings } from '../../snapshot.ts';
import { withSettings } from '../calls/server-call.ts';
import { sendToClient } from '../client-requests/send-to-client.ts';
import type { RunClientRequest } from '../deps.ts';
import type { Owner, SessionState } from '../sessions/session.ts';
import type { ServerInitiated } from '../transports/transport.ts';
import { forgetChangedLists } from './list-changed.ts';
import type { Subscribers } from './subscribers.ts';

/** Notifications that belong to a call when one runs. */
const belongsToCall = (method: string): boolean =>
  method === NOTIFICATION.message || method === NOTIFICATION.elicitationComplete;

/** A server asks once for the roots after they changed: the end of a call that happens to run must not cancel it. */
const outlivesCalls = (method: string): boolean => method === 'roots/list';

/** A session belongs to one principal, so whichever of its calls is taken, nobody else can get the message. */
export function createServerInitiated(
  subscribers: Subscribers,
  runClientRequest: RunClientRequest,
  settings: ServerSettings,
  owner: Owner,
  session: SessionState,
): ServerInitiated {
  const { name: server } = settings;
  return {
    notification(method: string, params: JsonObject): void {
      forgetChangedLists(session, method);
      const activeCall = session.activeCalls.at(-1);
      if (activeCall !== undefined && belongsToCall(method)) activeCall.onNotification(method, params);
      else subscribers.publish(server, owner, method, params);
    },
    request(method: string, params: JsonObject, withdrawn: AbortSignal): Promise<JsonObject> {
      const activeCall = session.activeCalls.at(-1);
      // The newest one: the connection of an older one may be dead without anybody knowing yet.
      const subscriber = subscribers.asked(server, owner);
      const sendOnCall = activeCall !== undefined && !(subscriber !== undefined && outlivesCalls(method));
      if (sendOnCall) return activeCall.onRequest(method, params, withdrawn);
      if (subscriber === undefined) return Promise.reject(new GuardError('method_not_found'));
      return sendToClient(runClientRequest, withSettings(subscriber.call, settings), method, params, withdrawn);
    },
  };
}
