/**
 * JSON-RPC over a child's standard streams. Ids and progress tokens are ours; an answer to an id that is not waited for
 * (unknown, doubled, or cancelled meanwhile) is dropped.
 */
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { ServerSettings } from '../../../snapshot.ts';
import type { Log } from '@sallyport/guard';
import { createPendingClientRequests, type PendingClientRequests } from '../../client-requests/pending.ts';
import { encodeRequest, encodeNotification } from '../encode.ts';
import { transportFailure, rpcFailure, tooLarge } from '../failure.ts';
import type { ServerResult, OutboundRequest, ServerInitiated, Transport } from '../transport.ts';
import type { RequestId } from '../../../mcp/json-rpc.ts';
import { readServerMessages, type ServerMessage } from '../../../mcp/server-message.ts';
import { startIdleTimeout, type IdleTimeout } from '../idle-timeout.ts';
import { startChild, type Child } from './child.ts';
import { META, metaOf } from '../../../mcp/meta-keys.ts';

interface Waiting {
  readonly ask: OutboundRequest;
  readonly patience: IdleTimeout;
  readonly resolve: (answer: ServerResult) => void;
  readonly reject: (why: GuardError) => void;
}

interface State {
  readonly server: string;
  readonly log: Log;
  readonly waiting: Map<RequestId, Waiting>;
  readonly unattached: ServerInitiated;
  readonly maxLine: number;
  child: Child | undefined;
  lastId: number;
  dead: boolean;
  readonly asking: PendingClientRequests;
  complaints: number;
}

/** Room for the envelope and for notifications around a result of the largest size. */
const LINE_MARGIN = 64 * 1024;
const DEFINITIONS_MIN = 8 * 1024 * 1024;

export function createStdioTransport(
  settings: ServerSettings,
  environment: Readonly<Record<string, string>>,
  log: Log,
  unattached: ServerInitiated,
): Transport {
  const maxLine = Math.max(settings.resultBytesMax + LINE_MARGIN, DEFINITIONS_MIN);
  const state: State = {
    server: settings.name,
    log,
    waiting: new Map(),
    unattached,
    maxLine,
    child: undefined,
    lastId: 0,
    dead: false,
    asking: createPendingClientRequests(),
    complaints: 0,
  };
  state.child = startChild(
    settings,
    environment,
    { maxLine, log },
    {
      line: (bytes) => onLine(state, bytes),
      gone: (why) => fail(state, why),
    },
  );
  return {
    request: (ask) => request(state, ask),
    notify: (method, params) => {
      state.child?.write(encodeNotification(method, params));
      return Promise.resolve();
    },
    isClosed: () => state.dead,
    close: async () => {
      fail(state, 'the link was closed');
      await state.child?.end();
    },
  };
}

function request(state: State, ask: OutboundRequest): Promise<ServerResult> {
  if (state.dead) return Promise.reject(transportFailure('the child process is gone', { unexecuted: true }));
  if (ask.signal.aborted) return Promise.reject(new GuardError('cancelled'));
  const id = ++state.lastId;
  return new Promise((resolve, reject) => {
    const patience = startIdleTimeout(ask, (why) => {
      state.waiting.delete(id);
      // `initialize` must not be cancelled (2025-11-25, cancellation).
      if (ask.method !== 'initialize')
        state.child?.write(encodeNotification('notifications/cancelled', { requestId: id, reason: why.code }));
      reject(why);
    });
    state.waiting.set(id, { ask, patience, resolve, reject });
    if (state.child?.write(encodeRequest(id, ask)) === true) return;
    patience.stop();
    state.waiting.delete(id);
    reject(transportFailure('the child process does not read', { unexecuted: true }));
  });
}

function fail(state: State, why: string): void {
  if (state.dead) return;
  state.dead = true;
  if (state.waiting.size > 0)
    state.log('warn', 'server went away', { server: state.server, why, waiting: state.waiting.size });
  for (const { patience, reject } of state.waiting.values()) {
    patience.stop();
    reject(transportFailure(why));
  }
  state.waiting.clear();
}

function complain(state: State, why: string): void {
  if (++state.complaints <= 20) state.log('warn', 'dropped what a server said', { server: state.server, why });
}

function onLine(state: State, bytes: Buffer): void {
  if (bytes.length === 0 || state.dead) return;
  for (const message of readServerMessages(bytes, state.maxLine)) onMessage(state, message);
}

function onMessage(state: State, message: ServerMessage): void {
  if (message.kind === 'malformed') return complain(state, message.why);
  if (message.kind === 'notification') return onNotification(state, message.method, message.params);
  if (message.kind === 'request') return answer(state, message.id, message.method, message.params);
  const found = message.id === null ? undefined : state.waiting.get(message.id);
  if (found === undefined || message.id === null) return complain(state, 'a response to nothing that is waited for');
  state.waiting.delete(message.id);
  found.patience.stop();
  if (message.kind === 'error') return found.reject(rpcFailure(message.code, message.message, message.data));
  if (message.bytes !== undefined && message.bytes.length > found.ask.bytesMax) return found.reject(tooLarge());
  found.resolve({ value: message.value, bytes: message.bytes });
}

function onNotification(state: State, method: string, params: JsonObject): void {
  if (method === 'notifications/progress') {
    const token = params['progressToken'];
    const found = typeof token === 'number' ? state.waiting.get(token) : undefined;
    if (found === undefined || !found.ask.wantsProgress) return;
    found.patience.touch();
    return found.ask.onNotification(method, params);
  }
  if (method === 'notifications/cancelled') return onCancelled(state, params['requestId'] as RequestId);
  const subscription = metaOf(params)?.[META.subscriptionId];
  const listen = typeof subscription === 'number' ? state.waiting.get(subscription) : undefined;
  if (listen !== undefined) return listen.ask.onNotification(method, params);
  state.unattached.notification(method, params);
}

/** The server has withdrawn a request of its own, so that nobody answers it; or it ends a listening (2026-07-28). */
function onCancelled(state: State, id: RequestId): void {
  state.asking.withdraw(id);
  const listening = state.waiting.get(id);
  if (listening?.ask.method !== 'subscriptions/listen') return;
  state.waiting.delete(id);
  listening.patience.stop();
  listening.resolve({ value: {}, bytes: undefined });
}

/** One channel carries everything, so a server's request says not for which call it is made: the bridge decides. */
function answer(state: State, id: RequestId, method: string, params: JsonObject): void {
  let held: Waiting[] = [];
  const ask = (withdrawn: AbortSignal): Promise<JsonObject> => {
    held = [...state.waiting.values()];
    for (const { patience } of held) patience.pause();
    return method === 'ping' ? Promise.resolve({}) : state.unattached.request(method, params, withdrawn);
  };
  const dropped = state.asking.take(id, ask, (reply) => {
    for (const { patience } of held) patience.resume();
    if (reply !== undefined) state.child?.write(reply);
  });
  if (dropped !== undefined) complain(state, dropped);
}
