/**
 * Notifications of a client, and its responses to requests of servers: judged by the guard like every other message.
 */
import { asGuardError, spendPermit, type Call, type Outcome } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { NotificationMessage, ResponseMessage } from '../../mcp/client-message.ts';
import type { LiveSession } from '../sessions/live-sessions.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import { applyClientMessage } from '../sessions/apply-client-message.ts';
import { silentChannel } from './client-channel.ts';
import type { InboundMessage } from './inbound-message.ts';
import { runCall } from './run-call.ts';
import { toCall, toInternalCall } from './to-call.ts';

/** The only notification of a client that servers receive; all others end at the gateway. */
const FORWARDED = NOTIFICATION.rootsListChanged;

/**
 * @param live what runs in the session that the message names; the guard compares this session with the caller.
 * @throws GuardError when the message cannot become a call. Refusals of the guard are outcomes.
 */
export function acceptClientMessage(
  deps: EdgeDeps,
  inbound: InboundMessage,
  message: NotificationMessage | ResponseMessage,
  live: LiveSession | undefined,
): Promise<Outcome> {
  const call = callFor(deps, inbound, message);
  return runCall(deps, inbound, call, (permit) => {
    if (call.method === FORWARDED) return deps.send(permit, silentChannel(inbound.sender));
    const holder = spendPermit(permit).principal.key;
    if (live !== undefined) applyClientMessage(live, message, holder);
    return { value: {} };
  });
}

/**
 * JSON-RPC 2.0 section 4.1 lets a receiver ignore unknown notifications, as every SDK does. Over HTTP they are answered
 * with a status, so their sender is judged first; on stdio nothing is answered.
 */
function callFor(deps: EdgeDeps, inbound: InboundMessage, message: NotificationMessage | ResponseMessage): Call {
  if (message.kind === 'response') return toInternalCall(deps, 'session/answer', {}, inbound);
  try {
    return toCall(deps, message, inbound);
  } catch (thrown) {
    const isUnknown = message.method.startsWith('notifications/') && asGuardError(thrown).code === 'method_not_found';
    if (!isUnknown || inbound.transport === 'stdio') throw thrown;
    return toInternalCall(deps, 'stream/check', {}, inbound);
  }
}
