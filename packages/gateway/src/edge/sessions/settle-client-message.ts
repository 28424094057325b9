/**
 * What a client says of something that is under way in its session: that a call is cancelled, or the answer to a question.
 * A18, A19: what another agent of the same user began is not this one's to cancel or to answer.
 */
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { ClientMessage } from '../../mcp/client-message.ts';
import { callKey, type LiveSession } from './live-sessions.ts';

/** @param holder key of the principal that sent the message. */
export function settleClientMessage(
  live: LiveSession,
  message: Exclude<ClientMessage, { kind: 'request' }>,
  holder: string,
): void {
  if (message.kind === 'notification') {
    const id = message.params['requestId'];
    if (message.method !== 'notifications/cancelled' || (typeof id !== 'string' && typeof id !== 'number')) return;
    const call = live.calls.get(callKey(id));
    if (call === undefined || (call.holder !== undefined && call.holder !== holder)) return;
    // Its id is free from now on: a client does not wait for the end of what it gave up.
    live.calls.delete(callKey(id));
    call.abort.abort();
    return;
  }
  const question = live.clientRequests.get(String(message.id));
  if (question === undefined || question.holder !== holder) return;
  live.clientRequests.delete(String(message.id));
  if (message.result !== undefined) question.resolve(message.result);
  else
    question.reject(
      new GuardError('upstream_failed', {
        message: clientReason(message.error),
        rpc: { code: clientCode(message.error) },
      }),
    );
}

const REASON_CHARACTERS_MAX = 500;
const clientCode = (error: JsonObject | undefined): number =>
  typeof error?.['code'] === 'number' ? error['code'] : -32603;

/** What the client says is for the server that asked; what cannot be shown on one line is left out. */
const clientReason = (error: JsonObject | undefined): string => {
  const said = error?.['message'];
  return typeof said === 'string' && said !== ''
    ? said.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, REASON_CHARACTERS_MAX)
    : 'The client refused the request of the server.';
};
