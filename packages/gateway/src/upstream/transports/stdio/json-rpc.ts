/**
 * JSON-RPC over a child's standard streams. Ids and progress tokens are the gateway's own. A response to an id that
 * nobody waits for (unknown, repeated, or cancelled meanwhile) is dropped.
 */
import { GuardError, type JsonObject, type Log } from '@sallyport/guard';
import type { RequestId } from '@sallyport/server/mcp/json-rpc';
import { META, metaOf } from '@sallyport/server/mcp/meta-keys';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import { readServerMessages, type ServerMessage } from '@sallyport/server/mcp/server-message';
import type { Confiner } from '@sallyport/server/sandbox';
import type { ServerSettings } from '../../../snapshot.ts';
import { createPendingClientRequests, type PendingClientRequests } from '../../client-requests/pending.ts';
import { encodeNotification, encodeRequest } from '../encode.ts';
import { transportFailure } from '../failure.ts';
import { startIdleTimeout, type IdleTimeout } from '../idle-timeout.ts';
import { readResponse } from '../response.ts';
import {
  gatewayRequest,
  type OutboundRequest,
  type ServerInitiated,
  type ServerResult,
  type Transport,
} from '../transport.ts';
import { startChild, type Child } from './child.ts';
import { createLiveness, type Liveness } from './liveness.ts';

/** The transport over one child process. */
export interface StdioTransport extends Transport {
  /** What the child wrote last to standard error; `undefined` when it wrote nothing. */
  stderr(): string | undefined;
}

/** A request of the gateway that waits for its response. */
interface PendingRequest {
  readonly request: OutboundRequest;
  readonly idleTimeout: IdleTimeout;
  readonly resolve: (result: ServerResult) => void;
  readonly reject: (error: GuardError) => void;
}

interface State {
  readonly server: string;
  readonly log: Log;
  readonly pending: Map<RequestId, PendingRequest>;
  readonly serverInitiated: ServerInitiated;
  /** Requests of the server that wait for the client. */
  readonly clientRequests: PendingClientRequests;
  readonly lineBytesMax: number;
  /** `undefined` only while the child starts. */
  child: Child | undefined;
  lastId: number;
  closed: boolean;
  /** Messages that were dropped. */
  drops: number;
  readonly liveness: Liveness;
}

/** A line may be larger than its result by this much. */
const ENVELOPE_BYTES = 64 * 1024;
/** Lists of definitions may be larger than the results of calls. */
const LIST_LINE_BYTES_MAX = 8 * 1024 * 1024;
const LOGGED_DROPS_MAX = 20;
const LIVENESS_PING_MS = 5_000;

/** Starts the child process. @param environment variables that it gets besides those of its settings. */
export function createStdioTransport(
  settings: ServerSettings,
  environment: Readonly<Record<string, string>>,
  log: Log,
  serverInitiated: ServerInitiated,
  confiner?: Confiner,
): StdioTransport {
  const state: State = {
    server: settings.name,
    log,
    pending: new Map(),
    serverInitiated,
    clientRequests: createPendingClientRequests(),
    lineBytesMax: Math.max(settings.resultBytesMax + ENVELOPE_BYTES, LIST_LINE_BYTES_MAX),
    child: undefined,
    lastId: 0,
    closed: false,
    drops: 0,
    liveness: createLiveness(),
  };
  const events = {
    onLine: (line: Buffer) => onLine(state, line),
    onGone: (reason: string, stderr: string | undefined) => close(state, reason, stderr),
  };
  state.child = startChild(settings, environment, state.lineBytesMax, log, events, confiner);
  return {
    request: (outbound) => request(state, outbound),
    notify: (method, params) => {
      state.child?.write(encodeNotification(method, params));
      return Promise.resolve();
    },
    isClosed: () => state.closed,
    close: async () => {
      close(state, 'the connection was closed');
      await state.child?.end();
    },
    stderr: () => state.child?.stderr(),
  };
}

function request(state: State, outbound: OutboundRequest): Promise<ServerResult> {
  if (state.closed) return Promise.reject(transportFailure('the child process is gone', { unsent: true }));
  if (outbound.signal.aborted) return Promise.reject(new GuardError('cancelled'));
  const id = ++state.lastId;
  return new Promise((resolve, reject) => {
    const idleTimeout = startIdleTimeout(outbound, (error) => {
      state.pending.delete(id);
      // `initialize` must not be cancelled (2025-11-25, cancellation).
      if (outbound.method !== 'initialize')
        state.child?.write(encodeNotification(NOTIFICATION.cancelled, { requestId: id, reason: error.code }));
      reject(error);
      if (error.code === 'upstream_timeout' && state.liveness.timedOut()) void replaceIfSilent(state);
    });
    state.pending.set(id, { request: outbound, idleTimeout, resolve, reject });
    if (state.child?.write(encodeRequest(id, outbound)) === true) return;
    take(state, id);
    reject(transportFailure('the child process does not read', { unsent: true }));
  });
}

/** @returns the pending request, which nobody waits for from now on; `undefined` when nobody did. */
function take(state: State, id: RequestId | null): PendingRequest | undefined {
  const pending = id === null ? undefined : state.pending.get(id);
  if (id === null || pending === undefined) return undefined;
  state.pending.delete(id);
  pending.idleTimeout.stop();
  return pending;
}

function close(state: State, reason: string, stderr?: string): void {
  if (state.closed) return;
  state.closed = true;
  const { server, pending } = state;
  if (pending.size > 0) state.log('warn', 'server went away', { server, why: reason, waiting: pending.size });
  for (const { idleTimeout, reject } of pending.values()) {
    idleTimeout.stop();
    reject(transportFailure(reason, { stderr }));
  }
  pending.clear();
}

function drop(state: State, why: string): void {
  if (++state.drops <= LOGGED_DROPS_MAX)
    state.log('warn', 'dropped a message from a server', { server: state.server, why });
}

/** @returns how many of the messages nobody asked for. */
function onLine(state: State, line: Buffer): number {
  if (line.length === 0 || state.closed) return 1;
  let unasked = 0;
  for (const message of readServerMessages(line, state.lineBytesMax)) if (!onMessage(state, message)) unasked++;
  return unasked;
}

/** @returns true for the response to a request. */
function onMessage(state: State, message: ServerMessage): boolean {
  if (message.kind === 'result' || message.kind === 'error') return onResponse(state, message);
  if (message.kind === 'malformed') drop(state, message.why);
  else if (message.kind === 'notification') onNotification(state, message.method, message.params);
  else onServerRequest(state, message.id, message.method, message.params);
  return false;
}

function onResponse(state: State, message: Extract<ServerMessage, { kind: 'result' | 'error' }>): boolean {
  state.liveness.answered();
  const pending = take(state, message.id);
  if (pending === undefined) {
    drop(state, 'a response that no request waits for');
    return false;
  }
  const result = readResponse(message, pending.request.bytesMax);
  if (result instanceof GuardError) pending.reject(result);
  else pending.resolve(result);
  return true;
}

/** Sends a `ping`: an error is an answer too. Without one the child is stopped, and the next call starts another. */
async function replaceIfSilent(state: State): Promise<void> {
  await request(state, gatewayRequest('ping', {}, LIVENESS_PING_MS, ENVELOPE_BYTES)).catch(() => undefined);
  if (state.closed || !state.liveness.isSilent()) return;
  const { server, liveness } = state;
  state.log('warn', 'a server process is replaced', {
    server,
    why: 'it does not answer',
    requests: liveness.timeouts(),
  });
  close(state, 'the process does not answer', state.child?.stderr());
  await state.child?.end();
}

function onNotification(state: State, method: string, params: JsonObject): void {
  if (method === NOTIFICATION.progress) return onProgress(state, params);
  if (method === NOTIFICATION.cancelled) return onCancelled(state, params['requestId'] as RequestId);
  const subscriptionId = metaOf(params)?.[META.subscriptionId];
  const subscription = typeof subscriptionId === 'number' ? state.pending.get(subscriptionId) : undefined;
  if (subscription !== undefined) return subscription.request.onNotification(method, params);
  state.serverInitiated.notification(method, params);
}

function onProgress(state: State, params: JsonObject): void {
  const token = params['progressToken'];
  const pending = typeof token === 'number' ? state.pending.get(token) : undefined;
  if (pending === undefined || !pending.request.wantsProgress) return;
  pending.idleTimeout.touch();
  pending.request.onNotification(NOTIFICATION.progress, params);
}

/** The server withdraws a request of its own, which nobody answers then, or it ends a subscription (2026-07-28). */
function onCancelled(state: State, id: RequestId): void {
  state.clientRequests.cancel(id);
  if (state.pending.get(id)?.request.method === 'subscriptions/listen')
    take(state, id)?.resolve({ value: {}, bytes: undefined, receivedBytes: 0 });
}

/**
 * One channel carries everything, so a request of the server does not name the call that it belongs to: while it waits
 * for the client, the timeouts of all calls stand still.
 */
function onServerRequest(state: State, id: RequestId, method: string, params: JsonObject): void {
  let paused: readonly PendingRequest[] = [];
  const answer = (withdrawn: AbortSignal): Promise<JsonObject> => {
    paused = [...state.pending.values()];
    for (const { idleTimeout } of paused) idleTimeout.pause();
    return method === 'ping' ? Promise.resolve({}) : state.serverInitiated.request(method, params, withdrawn);
  };
  const dropped = state.clientRequests.add(id, answer, (response) => {
    for (const { idleTimeout } of paused) idleTimeout.resume();
    if (response !== undefined) state.child?.write(response);
  });
  if (dropped !== undefined) drop(state, dropped);
}
