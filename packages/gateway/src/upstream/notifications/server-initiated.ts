/** Messages of a server that name no call: they go to the call that runs on the session, else to its subscribers. */
import { GuardError, type JsonObject, type Sealer } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { runOf } from '../calls/run.ts';
import { askDirectly } from '../client-requests/ask-client.ts';
import type { ClientRequest } from '../deps.ts';
import type { Owner, SessionState } from '../sessions/session.ts';
import type { ServerInitiated } from '../transports/transport.ts';
import { noteChange } from './list-changed.ts';
import type { Subscribers } from './subscribers.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';

export interface ServerInitiatedDeps {
  readonly subscribers: Subscribers;
  readonly sealer: Sealer;
  readonly clientRequest: ClientRequest;
}

/** Notifications that a call gets itself while it runs. */
const belongsToCall = (method: string): boolean =>
  method === NOTIFICATION.message || method === NOTIFICATION.elicitationComplete;

/** A session belongs to one principal, so whichever of its calls is taken, nobody else can get the message. */
export function createServerInitiated(
  { subscribers, sealer, clientRequest }: ServerInitiatedDeps,
  settings: ServerSettings,
  owner: Owner,
  { activeCalls, verifications }: SessionState,
): ServerInitiated {
  const server = settings.name;
  const seal = { sealer, server, principal: owner.principal };
  return {
    notification(method: string, params: JsonObject): void {
      noteChange(verifications, method);
      const active = activeCalls.at(-1);
      if (active !== undefined && belongsToCall(method)) return active.onNotification(method, params);
      subscribers.hear(server, owner, { method, params, seal });
    },
    request(method: string, params: JsonObject, withdrawn: AbortSignal): Promise<JsonObject> {
      const active = activeCalls.at(-1);
      if (active !== undefined) return active.onRequest(method, params, withdrawn);
      // The newest subscriber: the connection of an older one may be dead without anybody knowing yet.
      const subscriber = subscribers.of(server, owner).findLast(({ relay }) => relay.request !== undefined);
      if (subscriber === undefined) return Promise.reject(new GuardError('method_not_found'));
      const run = runOf(sealer, subscriber.permitted, subscriber.relay, settings);
      return askDirectly(clientRequest, run, { method, params }, withdrawn);
    },
  };
}
