/** What a server says or asks without naming a call: given to the call that runs on its link, else to who listens. */
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Owner, UpstreamSession } from '../sessions/session.ts';
import type { ServerInitiated } from '../transports/transport.ts';
import { askDirectly } from '../client-requests/ask-client.ts';
import { runOf, type CallDeps } from '../calls/run.ts';
import { noteChange } from '../notifications/upstream-subscriptions.ts';

/** A link belongs to one principal, so nobody else can hear or be asked, whichever of its calls is taken. */
export function serverInitiatedOf(
  bridge: () => CallDeps,
  settings: ServerSettings,
  owner: Owner,
  seat: () => UpstreamSession | undefined,
): ServerInitiated {
  const server = settings.name;
  const ofCall = (method: string): boolean =>
    method === 'notifications/message' || method === 'notifications/elicitation/complete';
  return {
    notification(method: string, params: JsonObject): void {
      const there = seat();
      if (there !== undefined) noteChange(there, method);
      const active = there?.activeCalls.at(-1);
      if (active !== undefined && ofCall(method)) return active.onNotification(method, params);
      bridge().ears.hear(server, owner, {
        method,
        params,
        seal: { sealer: bridge().sealer, server, principal: owner.principal },
      });
    },
    request(method: string, params: JsonObject, withdrawn: AbortSignal): Promise<JsonObject> {
      const active = seat()?.activeCalls.at(-1);
      if (active !== undefined) return active.onRequest(method, params, withdrawn);
      // The youngest: an older connection may be dead without anybody knowing yet.
      const ear = bridge()
        .ears.of(server, owner)
        .findLast(({ relay }) => relay.request !== undefined);
      if (ear === undefined) return Promise.reject(new GuardError('method_not_found'));
      return askDirectly(bridge(), runOf(bridge(), ear.permitted, ear.relay, settings), { method, params }, withdrawn);
    },
  };
}
