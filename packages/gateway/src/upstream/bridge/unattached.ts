/** What a server says or asks without naming a call: given to the call that runs on its link, else to who listens. */
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Owner, Seat } from '../links/seat.ts';
import type { Unattached } from '../wire/link.ts';
import { askDirectly } from './ask-client.ts';
import { runOf, type Bridge } from './bridge.ts';
import { noteChange } from './watch.ts';

/** A link belongs to one principal, so nobody else can hear or be asked, whichever of its calls is taken. */
export function unattachedOf(
  bridge: () => Bridge,
  settings: ServerSettings,
  owner: Owner,
  seat: () => Seat | undefined,
): Unattached {
  const server = settings.name;
  const ofCall = (method: string): boolean =>
    method === 'notifications/message' || method === 'notifications/elicitation/complete';
  return {
    notice(method: string, params: JsonObject): void {
      const there = seat();
      if (there !== undefined) noteChange(there, method);
      const active = there?.active.at(-1);
      if (active !== undefined && ofCall(method)) return active.onNotice(method, params);
      bridge().ears.hear(server, owner, {
        method,
        params,
        seal: { sealer: bridge().sealer, server, principal: owner.principal },
      });
    },
    request(method: string, params: JsonObject, withdrawn: AbortSignal): Promise<JsonObject> {
      const active = seat()?.active.at(-1);
      if (active !== undefined) return active.onRequest(method, params, withdrawn);
      // The youngest: an older connection may be dead without anybody knowing yet.
      const ear = bridge()
        .ears.of(server, owner)
        .findLast(({ relay }) => relay.ask !== undefined);
      if (ear === undefined) return Promise.reject(new GuardError('method_not_found'));
      return askDirectly(bridge(), runOf(bridge(), ear.permitted, ear.relay, settings), { method, params }, withdrawn);
    },
  };
}
