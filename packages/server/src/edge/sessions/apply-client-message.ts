/**
 * What a client's message ends in its session: a cancellation ends a call, a response ends a request of a server.
 * A18, A19: an agent can neither cancel nor answer what another agent of the same user began.
 */
import { GuardError, type JsonObject, type PrincipalKey } from '@sallyport/guard';
import type { NotificationMessage, ResponseMessage } from '../../mcp/client-message.ts';
import { RPC_ERROR } from '../../mcp/error-codes.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import { callKey, type LiveSession } from './live-sessions.ts';

/** @param principalKey key of the principal that sent the message. */
export function applyClientMessage(
  live: LiveSession,
  message: NotificationMessage | ResponseMessage,
  principalKey: PrincipalKey,
): void {
  if (message.kind === 'response') deliverResponse(live, message, principalKey);
  else if (message.method === NOTIFICATION.cancelled) cancelCall(live, message.params['requestId'], principalKey);
}

function cancelCall({ calls }: LiveSession, id: unknown, principalKey: PrincipalKey): void {
  if (typeof id !== 'string' && typeof id !== 'number') return;
  const call = calls.get(callKey(id));
  if (call === undefined || (call.principalKey !== undefined && call.principalKey !== principalKey)) return;
  // The client may use the id again at once: it does not wait for the end of a call that it cancelled.
  calls.delete(callKey(id));
  call.abort.abort();
}

function deliverResponse({ clientRequests }: LiveSession, response: ResponseMessage, principalKey: PrincipalKey): void {
  const id = String(response.id);
  const request = clientRequests.get(id);
  if (request === undefined || request.principalKey !== principalKey) return;
  clientRequests.delete(id);
  if (response.result !== undefined) request.resolve(response.result);
  else request.reject(clientError(response.error));
}

const clientError = (error: JsonObject | undefined): GuardError =>
  new GuardError('upstream_failed', {
    message: messageOf(error),
    rpc: { code: typeof error?.['code'] === 'number' ? error['code'] : RPC_ERROR.internal },
  });

const MESSAGE_CHARACTERS_MAX = 500;

/** The client's message is for the server that asked; control and format characters become spaces. */
function messageOf(error: JsonObject | undefined): string {
  const message = error?.['message'];
  return typeof message === 'string' && message !== ''
    ? message.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, MESSAGE_CHARACTERS_MAX)
    : 'The client refused the request of the server.';
}
