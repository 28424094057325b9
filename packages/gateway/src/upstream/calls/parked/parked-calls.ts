/**
 * Calls of modern clients that a legacy server answers only after it has made requests of the client. The call to the
 * server stays open; the client gets the requests as a result, and its retry continues the call.
 */
import { randomUUID } from 'node:crypto';
import { GuardError, type Clock, type JsonObject, type McpResult } from '@sallyport/guard';
import { isClientRequest } from '@sallyport/server/mcp/client-requests';
import { inputRequired } from '@sallyport/server/mcp/results';
import { guardClientRequest } from '../../client-requests/send-to-client.ts';
import type { RunClientRequest } from '../../deps.ts';
import { createCallNotifications } from '../../notifications/call-notifications.ts';
import type { PinCatalog } from '../../pins/catalog.ts';
import type { SessionPool } from '../../sessions/pool.ts';
import type { UpstreamSession } from '../../sessions/session.ts';
import type { ServerResult } from '../../transports/transport.ts';
import { inputResponsesOf, invalidRequestState, type RequestStates } from '@sallyport/server/request-state';
import { outboundRequest, sendRequest } from '../outbound-request.ts';
import { clientResult } from '../result.ts';
import type { CallShares } from '../call-shares.ts';
import type { ServerCall } from '../server-call.ts';
import { addRequest, failureOf, type ParkedCall } from './parked-call.ts';
import { nextOf } from './next-of.ts';

/** How long a parked call waits for the client's retry. */
export const PARKED_MS = 120_000;
const PER_USER_MAX = 32;

/** What parked calls use. */
export interface ParkedCallsDeps {
  readonly clock: Clock;
  readonly runClientRequest: RunClientRequest;
  readonly requestStates: RequestStates;
  readonly catalog: Pick<PinCatalog, 'isDrifting'>;
  readonly pool: Pick<SessionPool, 'release'>;
  readonly callShares: CallShares;
}

/** The calls of this process. */
export interface ParkedCalls {
  /**
   * Sends a call. The session stays in use until the server has answered.
   *
   * @returns the result, or the input requests that the client has to answer with a retry.
   * @throws GuardError `rate_limited` when too many calls of the user or tenant are parked, or the failure of the call.
   */
  start(call: ServerCall, session: UpstreamSession, extraMembers: JsonObject): Promise<McpResult>;
  /**
   * Continues a call after the client's retry. @param round of the input requests that the retry answers.
   *
   * @throws GuardError `invalid_params` when the call has ended, is another principal's, or is being resumed already.
   */
  resume(call: ServerCall, id: string, round: number): Promise<McpResult>;
  /** Calls that run or are parked. */
  readonly size: number;
  /** Cancels all of them. */
  close(): void;
}

interface ParkedCallsState extends ParkedCallsDeps {
  /** By id. */
  readonly calls: Map<string, ParkedCall>;
}

/** None at first. */
export function createParkedCalls(deps: ParkedCallsDeps): ParkedCalls {
  const state: ParkedCallsState = { ...deps, calls: new Map() };
  return {
    start: (call, session, extraMembers) => start(state, call, session, extraMembers),
    resume: (call, id, round) => resume(state, call, id, round),
    get size() {
      return state.calls.size;
    },
    close() {
      for (const { expiry, abort } of state.calls.values()) {
        clearTimeout(expiry);
        abort.abort();
      }
      state.calls.clear();
    },
  };
}

async function start(
  state: ParkedCallsState,
  call: ServerCall,
  session: UpstreamSession,
  extraMembers: JsonObject,
): Promise<McpResult> {
  requireCapacity(state, call.owner.user);
  const { promise: result, resolve } = Promise.withResolvers<ServerResult>();
  const parked: ParkedCall = {
    id: randomUUID(),
    call,
    session,
    abort: new AbortController(),
    requests: new Map(),
    result,
    channel: call.channel,
    round: 0,
    requestCount: 0,
    onRequestAdded: () => undefined,
    expiry: undefined,
    releaseShare: undefined,
    missingCapability: undefined,
  };
  state.calls.set(parked.id, parked);
  session.useCount++;
  resolve(sendParkable(state, parked, extraMembers));
  // Whatever comes of the call, its end frees the session; `waitForNext` gets the failure.
  const release = (): void => state.pool.release(session);
  result.then(release, release);
  return waitForNext(state, parked, call);
}

/** Only calls that wait for their client count: a call that a client waits for ends by itself. */
function requireCapacity({ calls }: ParkedCallsState, user: string): void {
  const parked = [...calls.values()].filter(({ channel, call }) => channel === undefined && call.owner.user === user);
  if (parked.length >= PER_USER_MAX)
    throw new GuardError('rate_limited', { message: 'Too many calls wait for input.', retryAfterSeconds: 5 });
}

/** The call has no deadline of its own, because it may outlive the client's request: every retry has another one. */
async function sendParkable(
  { runClientRequest }: ParkedCallsState,
  parked: ParkedCall,
  extraMembers: JsonObject,
): Promise<ServerResult> {
  const { call, session } = parked;
  const request = outboundRequest(call, session, extraMembers, {
    signal: parked.abort.signal,
    deadlineMs: undefined,
    onNotification: createCallNotifications(() => parked.channel, call.taskSeal),
    onRequest: (method, params, withdrawn) => parkRequest(runClientRequest, parked, method, params, withdrawn),
  });
  return sendRequest(session, request);
}

/**
 * A request of the server waits for the client's retry.
 *
 * @throws GuardError as `guardClientRequest` and `addRequest`.
 */
async function parkRequest(
  runClientRequest: RunClientRequest,
  parked: ParkedCall,
  method: string,
  params: JsonObject,
  withdrawn: AbortSignal,
): Promise<JsonObject> {
  try {
    if (!isClientRequest(method)) throw new GuardError('method_not_found');
    return await guardClientRequest(runClientRequest, parked.call, method, params, (clientParams) =>
      addRequest(parked, { method, params: clientParams }, withdrawn),
    );
  } catch (thrown) {
    if (thrown instanceof GuardError && thrown.code === 'missing_client_capability') parked.missingCapability = thrown;
    throw thrown;
  }
}

async function resume(state: ParkedCallsState, call: ServerCall, id: string, round: number): Promise<McpResult> {
  const { principal, definition } = call.permitted;
  const parked = state.calls.get(id);
  if (
    parked === undefined ||
    parked.round !== round ||
    parked.channel !== undefined ||
    parked.call.permitted.principal.key !== principal.key
  )
    throw invalidRequestState();
  // Invariant 6: once a tool was seen to differ from its pin, or has another pin than the one that it was called under,
  // the requests that it made before are not answered either.
  if (definition !== undefined && state.catalog.isDrifting(definition.server, definition.kind, definition.name))
    throw new GuardError('quarantined');
  if (definition?.digest !== parked.call.permitted.definition?.digest) throw new GuardError('quarantined');
  const responses = inputResponsesOf(call.permitted, parked.requests.keys());
  clearTimeout(parked.expiry);
  parked.releaseShare?.();
  parked.round++;
  for (const [key, response] of Object.entries(responses)) {
    parked.requests.get(key)?.resolve(response);
    parked.requests.delete(key);
  }
  return waitForNext(state, parked, call);
}

/** Waits for the result, or for the next requests of the server. @param call the client's request that waits now. */
async function waitForNext(state: ParkedCallsState, parked: ParkedCall, call: ServerCall): Promise<McpResult> {
  parked.channel = call.channel;
  try {
    const result = await nextOf(parked, call.permitted.call, state.clock);
    if (result === undefined) return park(state, parked, call);
    end(state, parked);
    return clientResult(call, 'legacy', result);
  } catch (thrown) {
    end(state, parked);
    throw failureOf(parked, thrown);
  } finally {
    parked.channel = undefined;
  }
}

/** Leaves the call open for the client's retry, for a limited time. */
function park(state: ParkedCallsState, parked: ParkedCall, call: ServerCall): McpResult {
  const { permitted } = call;
  holdShare(state, parked, call);
  parked.expiry = setTimeout(() => {
    parked.abort.abort();
    end(state, parked);
  }, PARKED_MS);
  parked.expiry.unref();
  const inputRequests = Object.fromEntries(
    [...parked.requests].map(([key, { method, params }]) => [key, { method, params }]),
  );
  const { id, round } = parked;
  const requestState = state.requestStates.seal(permitted, { kind: 'parked', id, round }, PARKED_MS);
  return { value: inputRequired(inputRequests, requestState) };
}

/** B7: the server works on it as on a call that a client waits for. @throws GuardError `rate_limited`. */
function holdShare(state: ParkedCallsState, parked: ParkedCall, call: ServerCall): void {
  try {
    requireCapacity(state, call.owner.user);
    parked.releaseShare = state.callShares.hold([call]);
  } catch (thrown) {
    parked.abort.abort();
    throw thrown;
  }
}

function end({ calls }: ParkedCallsState, parked: ParkedCall): void {
  clearTimeout(parked.expiry);
  parked.releaseShare?.();
  calls.delete(parked.id);
  for (const { reject } of parked.requests.values()) reject(new GuardError('cancelled'));
  parked.requests.clear();
}
