/** The state of one legacy session, and the small exchanges around its requests: notifications, answers, cancellations. */
import type { GuardError, JsonObject } from '@sallyport/guard';
import type { Log } from '../deps.ts';
import { encodeNotification, encodeReply } from '../wire/envelope.ts';
import type { Unattached } from '../wire/link.ts';
import { dispatchHttp } from './dispatch.ts';
import type { Endpoint } from './pools.ts';
import type { Receiver } from './receive.ts';

export interface LegacyState {
  readonly server: string;
  readonly endpoint: Endpoint;
  readonly log: Log;
  readonly unattached: Unattached;
  readonly maxBytes: number;
  /** Ends the listening stream. */
  readonly ended: AbortController;
  session: string | undefined;
  version: string | undefined;
  lastId: number;
  dead: boolean;
  /** Requests of ours that wait for their answer, by id. */
  readonly running: Map<unknown, Receiver>;
  /** Requests of the server that wait for the client. */
  asking: number;
}

const MAX_ASKING = 64;
const POST_TIMEOUT_MS = 10_000;
const DELETE_TIMEOUT_MS = 2_000;

export function headersOf(state: LegacyState, accept: string): Record<string, string> {
  return {
    ...state.endpoint.headers, accept, 'accept-encoding': 'identity',
    ...(state.session === undefined ? {} : { 'mcp-session-id': state.session }),
    // Revisions before 2025-06-18 do not know the header.
    ...(state.version === undefined || state.version < '2025-06-18' ? {} : { 'mcp-protocol-version': state.version }),
  };
}

export interface ServerRequest {
  readonly id: string | number;
  readonly method: string;
  readonly params: JsonObject;
}

interface Answerer {
  readonly patience: Receiver['patience'] | undefined;
  onRequest(method: string, params: JsonObject): Promise<JsonObject>;
}

/** Answers a request that the server makes of the client. The server's own time stands still meanwhile. */
export function answerServer(state: LegacyState, { id, method, params }: ServerRequest, { patience, onRequest }: Answerer): void {
  if (state.asking >= MAX_ASKING) return state.log('warn', 'dropped what a server said', { server: state.server, why: 'too many requests at once' });
  state.asking++;
  patience?.hold();
  void encodeReply(id, method === 'ping' ? Promise.resolve({}) : onRequest(method, params)).then(async (bytes) => {
    state.asking--;
    patience?.resume();
    await post(state, bytes);
  });
}

export async function post(state: LegacyState, body: Buffer): Promise<void> {
  const exchange = dispatchHttp({
    pool: state.endpoint.calls, method: 'POST', path: state.endpoint.path, body, maxBytes: 64 * 1024,
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
    pool: state.endpoint.calls, method: 'DELETE', path: state.endpoint.path, headers: headersOf(state, 'application/json'),
    body: undefined, maxBytes: 64 * 1024, onHead: () => undefined, onEvent: () => undefined,
  });
  const timer = setTimeout(exchange.abort, DELETE_TIMEOUT_MS);
  await exchange.reply;
  clearTimeout(timer);
}
