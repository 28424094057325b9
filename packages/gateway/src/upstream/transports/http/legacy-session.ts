/** The state of one legacy session, and the small exchanges around its requests: notifications, answers, cancellations. */
import type { GuardError, JsonObject } from '@sallyport/guard';
import type { Log } from '@sallyport/guard';
import type { PendingClientRequests } from '../../client-requests/pending.ts';
import { encodeNotification } from '../encode.ts';
import type { OnRequest, ServerInitiated } from '../transport.ts';
import { dispatchHttp } from './dispatch.ts';
import type { Endpoint } from './endpoint.ts';
import type { Receiver } from './receive.ts';
import { hasVersionHeader } from '../../../mcp/revisions.ts';

export interface LegacyState {
  readonly server: string;
  readonly endpoint: Endpoint;
  readonly log: Log;
  readonly unattached: ServerInitiated;
  readonly maxBytes: number;
  /** Ends the listening stream. */
  readonly ended: AbortController;
  session: string | undefined;
  version: string | undefined;
  lastId: number;
  dead: boolean;
  /** Requests of ours that wait for their answer, by id. */
  readonly running: Map<unknown, Receiver>;
  readonly asking: PendingClientRequests;
}

const POST_TIMEOUT_MS = 10_000;
const DELETE_TIMEOUT_MS = 2_000;

export function headersOf(state: LegacyState, accept: string): Record<string, string> {
  return {
    ...state.endpoint.headers,
    accept,
    'accept-encoding': 'identity',
    ...(state.session === undefined ? {} : { 'mcp-session-id': state.session }),
    ...(state.version !== undefined && hasVersionHeader(state.version)
      ? { 'mcp-protocol-version': state.version }
      : {}),
  };
}

export interface ServerRequest {
  readonly id: string | number;
  readonly method: string;
  readonly params: JsonObject;
}

interface Answerer {
  readonly patience: Receiver['patience'] | undefined;
  readonly onRequest: OnRequest;
}

/** Answers a request that the server makes of the client. The server's own time stands still meanwhile. */
export function answerServer(
  state: LegacyState,
  { id, method, params }: ServerRequest,
  { patience, onRequest }: Answerer,
): void {
  const ask = (withdrawn: AbortSignal): Promise<JsonObject> => {
    patience?.pause();
    return method === 'ping' ? Promise.resolve({}) : onRequest(method, params, withdrawn);
  };
  const dropped = state.asking.take(id, ask, (reply) => {
    patience?.resume();
    if (reply !== undefined) void post(state, reply);
  });
  if (dropped !== undefined) state.log('warn', 'dropped what a server said', { server: state.server, why: dropped });
}

/** True when the server has withdrawn a request of its own: whoever was asked is told, and nobody answers. */
export function withdraw(state: Pick<LegacyState, 'asking'>, method: string, { requestId }: JsonObject): boolean {
  if (method !== 'notifications/cancelled') return false;
  state.asking.withdraw(requestId);
  return true;
}

export async function post(state: LegacyState, body: Buffer): Promise<void> {
  const exchange = dispatchHttp({
    pool: state.endpoint.calls,
    method: 'POST',
    path: state.endpoint.path,
    body,
    maxBytes: 64 * 1024,
    headers: { ...headersOf(state, 'application/json, text/event-stream'), 'content-type': 'application/json' },
    onHead: () => undefined,
    onEvent: () => undefined,
  });
  const timer = setTimeout(exchange.abort, POST_TIMEOUT_MS);
  await exchange.reply;
  clearTimeout(timer);
}

export const cancel = (state: LegacyState, id: number, why: GuardError): Promise<void> =>
  post(state, encodeNotification('notifications/cancelled', { requestId: id, reason: why.code }));

export async function close(state: LegacyState): Promise<void> {
  if (state.ended.signal.aborted && state.dead) return;
  state.dead = true;
  state.ended.abort();
  if (state.session === undefined) return;
  const exchange = dispatchHttp({
    pool: state.endpoint.calls,
    method: 'DELETE',
    path: state.endpoint.path,
    headers: headersOf(state, 'application/json'),
    body: undefined,
    maxBytes: 64 * 1024,
    onHead: () => undefined,
    onEvent: () => undefined,
  });
  const timer = setTimeout(exchange.abort, DELETE_TIMEOUT_MS);
  await exchange.reply;
  clearTimeout(timer);
}
