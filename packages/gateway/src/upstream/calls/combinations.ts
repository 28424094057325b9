/**
 * How a call is sent and answered in the four combinations of a legacy or modern client with a legacy or modern server.
 * They differ in what happens when the server asks for input while it works on the call:
 *
 * | client | server | the server asks | the client is asked |
 * |---|---|---|---|
 * | legacy | legacy | with a request | with a request, at once |
 * | legacy | modern | with a result (`input_required`) | with requests; then the call is sent again |
 * | modern | legacy | with a request | with a result; the call is parked until the retry |
 * | modern | modern | with a result | with the same result |
 */
import { GuardError, type Era, type JsonObject, type Log, type McpResult } from '@sallyport/guard';
import { isInputRequired, isMultiRoundTrip } from '@sallyport/server/mcp/results';
import { sendToClient } from '../client-requests/send-to-client.ts';
import type { RunClientRequest } from '../deps.ts';
import { createCallNotifications } from '../notifications/call-notifications.ts';
import { applyCallLogLevel } from '../notifications/set-log-level.ts';
import type { UpstreamSession } from '../sessions/session.ts';
import { throwAsSent, transportFailure } from '../transports/failure.ts';
import type { ServerResult } from '../transports/transport.ts';
import { answerInputRequests } from './input-required/answer-input-requests.ts';
import { forwardInputRequests } from './input-required/forward-input-requests.ts';
import type { RequestStates } from '@sallyport/server/request-state';
import { outboundRequest, sendRequest } from './outbound-request.ts';
import type { ParkedCalls } from './parked/parked-calls.ts';
import { clientResult } from './result.ts';
import type { ServerCall } from './server-call.ts';

/** What the four functions use. */
export interface CombinationDeps {
  readonly runClientRequest: RunClientRequest;
  readonly requestStates: RequestStates;
  readonly parkedCalls: ParkedCalls;
  readonly log: Log;
}

/** @param extraMembers of params, from a retry's request state. */
export type Combination = (
  deps: CombinationDeps,
  call: ServerCall,
  session: UpstreamSession,
  extraMembers: JsonObject,
) => Promise<McpResult>;

/** By the era of the client, then of the server. */
export const COMBINATIONS: Readonly<Record<Era, Readonly<Record<Era, Combination>>>> = {
  legacy: { legacy: legacyClientLegacyServer, modern: legacyClientModernServer },
  modern: { legacy: modernClientLegacyServer, modern: modernClientModernServer },
};

const ROUNDS_MAX = 10;

async function legacyClientLegacyServer(
  { runClientRequest }: CombinationDeps,
  call: ServerCall,
  session: UpstreamSession,
  extraMembers: JsonObject,
): Promise<McpResult> {
  return clientResult(call, 'legacy', await sendDirectly(runClientRequest, call, session, extraMembers));
}

async function legacyClientModernServer(
  { runClientRequest }: CombinationDeps,
  call: ServerCall,
  session: UpstreamSession,
  extraMembers: JsonObject,
): Promise<McpResult> {
  let result = await sendDirectly(runClientRequest, call, session, extraMembers);
  for (let round = 0; isInputRequired(result.value); round++) {
    if (round >= ROUNDS_MAX) throw transportFailure('too many rounds of input requests');
    const responses = await answerInputRequests(runClientRequest, call, result.value);
    // The server has begun to execute the call: if this round fails, the first one must not be sent again (L10).
    result = await sendDirectly(runClientRequest, call, session, { ...extraMembers, ...responses }).catch(throwAsSent);
    if (call.permitted.call.signal.aborted) throw new GuardError('cancelled');
  }
  return clientResult(call, 'modern', result);
}

async function modernClientLegacyServer(
  { runClientRequest, parkedCalls, log }: CombinationDeps,
  call: ServerCall,
  session: UpstreamSession,
  extraMembers: JsonObject,
): Promise<McpResult> {
  // A modern client names its log level with each call; a legacy server keeps one for the session.
  await applyCallLogLevel(log, call, session);
  if (isMultiRoundTrip(call.permitted.call.method)) return parkedCalls.start(call, session, extraMembers);
  return clientResult(call, 'legacy', await sendDirectly(runClientRequest, call, session, extraMembers));
}

async function modernClientModernServer(
  { runClientRequest, requestStates }: CombinationDeps,
  call: ServerCall,
  session: UpstreamSession,
  extraMembers: JsonObject,
): Promise<McpResult> {
  const result = await sendDirectly(runClientRequest, call, session, extraMembers);
  if (!isInputRequired(result.value)) return clientResult(call, 'modern', result);
  return forwardInputRequests(runClientRequest, requestStates, call, result.value);
}

/**
 * Sends a call that lives as long as the client's request: what the server sends meanwhile goes to the client at once.
 */
function sendDirectly(
  runClientRequest: RunClientRequest,
  call: ServerCall,
  session: UpstreamSession,
  extraMembers: JsonObject,
): Promise<ServerResult> {
  const { signal, deadlineMs } = call.permitted.call;
  const request = outboundRequest(call, session, extraMembers, {
    signal,
    deadlineMs,
    onNotification: createCallNotifications(() => call.channel, call.taskSeal),
    onRequest: (method, params, withdrawn) => sendToClient(runClientRequest, call, method, params, withdrawn),
    onStreamEnded: () => call.channel.streamEnded?.(),
  });
  return sendRequest(session, request);
}
