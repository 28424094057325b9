/**
 * The HTTP side of an exchange: the response to one POST. It is a single JSON document, unless a message has to be sent
 * before the response; that turns it into an SSE stream. A client that does not read is cut off instead of waited for.
 */
import { oneLine } from '@sallyport/guard/json';
import type { Identity, Outcome } from '@sallyport/guard';
import type { ServerResponse } from 'node:http';
import { HEADER_NAME } from '../../mcp/headers.ts';
import { primesStreams } from '../../mcp/revisions.ts';
import type { Sender, ClientProfile } from '../eras/sender.ts';
import type { ClientConnection } from '../exchange/connection.ts';
import type { RenderedResponse } from '../render/rendered-response.ts';
import type { LiveSession, PendingCall } from '../sessions/live-sessions.ts';
import { sealSession } from '../sessions/seal.ts';
import { emit, openStream, type Stream } from '../sessions/streams.ts';
import { acceptsStream, prefersStream, type HttpEdgeContext, type RequestContext } from './context.ts';
import { challengeHeaders } from './metadata.ts';
import { logFailure } from './respond.ts';
import { attach, messageEvent, openSse, primingEvent, writeBounded } from './sse.ts';

/** When a response takes longer, a stream is started, so that no proxy takes the connection for dead. */
export const STREAM_AFTER_MS = 10_000;

/** How far the response has got. */
interface ResponseState {
  readonly response: ServerResponse;
  readonly headers: Record<string, string>;
  /** Whether the stream begins with a priming event. */
  readonly isPrimed: boolean;
  readonly live: LiveSession | undefined;
  readonly pending: PendingCall;
  readonly now: () => number;
  /** Whether the response is a stream as soon as the guard has let the call through. */
  readonly prefersStream: boolean;
  phase: 'waiting' | 'streaming' | 'finished';
  /** Of sessions only: other streams cannot be resumed. */
  stream: Stream | undefined;
  watch?: () => () => void;
  stopWatching?: (() => void) | undefined;
  /** Starts the stream, and then keeps it alive. */
  timer: NodeJS.Timeout | undefined;
}

/** @param pending the request, which a modern client cancels by disconnecting. */
export function createHttpConnection(
  edge: HttpEdgeContext,
  context: RequestContext,
  sender: Sender,
  live: LiveSession | undefined,
  pending: PendingCall,
): ClientConnection {
  const { request, response, snapshot } = context;
  const canStream = acceptsStream(request);
  const headers = { ...context.headers };
  const state: ResponseState = {
    response,
    headers,
    isPrimed: primesStreams(sender.protocolVersion),
    live,
    pending,
    now: edge.clock.now,
    prefersStream: canStream && prefersStream(request),
    phase: 'waiting',
    stream: undefined,
    timer: undefined,
  };
  if (canStream) state.timer = setTimeout(startStream, STREAM_AFTER_MS, state).unref();
  const stopWatching = sender.era === 'modern' ? cancelOnDisconnect(response, pending.abort) : undefined;
  return {
    live,
    pending,
    canStream,
    streamLimits: edge.streamLimits,
    get closed() {
      return closedSignal(response);
    },
    closing: edge.streamLimits.closing,
    whileStreaming: (watch) => watchStreaming(state, watch),
    send(message) {
      if (!canStream || state.phase === 'finished') return;
      startStream(state);
      writeMessage(state, JSON.stringify(message));
    },
    endStream: () => endStream(state),
    openSession(client: ClientProfile, identity: Identity) {
      const expiresAtMs = edge.clock.now() + snapshot.gateway.sessionLifetimeMs;
      headers[HEADER_NAME.sessionId] = sealSession(edge.sealer, client, identity, expiresAtMs);
    },
    holdSession: () => holdSession(edge, sender, live),
    finish(rendered: RenderedResponse, outcome: Outcome) {
      logFailure(edge, outcome);
      return finishCall(state, context, rendered, outcome);
    },
    release() {
      stopWatching?.();
      release(state);
    },
  };
}

/** A modern client cancels by disconnecting; a legacy one may come back for the response. */
function cancelOnDisconnect(response: ServerResponse, abort: AbortController): () => void {
  const cancel = (): void => {
    if (!response.writableFinished) abort.abort();
  };
  response.once('close', cancel);
  return () => response.off('close', cancel);
}

/** Made when somebody asks for it: most calls wait for nothing. */
function closedSignal(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  if (response.destroyed) closed.abort();
  else response.once('close', () => closed.abort());
  return closed.signal;
}

function watchStreaming(state: ResponseState, watch: () => () => void): void {
  state.watch = watch;
  if (state.phase === 'streaming') state.stopWatching ??= watch();
}

function release({ stopWatching, timer }: ResponseState): void {
  stopWatching?.();
  clearTimeout(timer);
}

function startStream(state: ResponseState): void {
  const { response, live } = state;
  if (state.phase !== 'waiting' || response.headersSent) return;
  state.phase = 'streaming';
  clearTimeout(state.timer);
  state.timer = openSse(response, state.headers);
  state.stopWatching = state.watch?.();
  if (live === undefined) return;
  state.stream = openStream(live, state.pending, false, state.now());
  if (state.isPrimed) writeBounded(response, primingEvent(state.stream));
  attach(state.stream, response);
}

/** A client that would rather have one document waits for it: it may not know how to come back. */
function endStream(state: ResponseState): void {
  if (state.prefersStream) startStream(state);
  if (state.isPrimed && state.phase === 'streaming') state.stream?.disconnect?.();
}

/** Notes once that the session has subscriptions, as long as this process knows it. */
async function holdSession(edge: HttpEdgeContext, { session }: Sender, live: LiveSession | undefined): Promise<void> {
  if (live === undefined || live.isHeld || session === undefined) return;
  const opened = await edge.readSession(session.id);
  if (opened === undefined) return;
  await edge.sessions.hold(session.id, opened.expiresAtMs);
  live.isHeld = true;
}

function finishCall(
  state: ResponseState,
  { snapshot, route }: RequestContext,
  rendered: RenderedResponse,
  outcome: Outcome,
): number {
  if (outcome.status === 'success') {
    if (state.prefersStream) startStream(state);
    return finishResponse(state, rendered, rendered.headers);
  }
  delete state.headers[HEADER_NAME.sessionId];
  return finishResponse(state, rendered, {
    ...rendered.headers,
    ...challengeHeaders(snapshot, route, outcome.error),
  });
}

function writeMessage({ response, stream }: ResponseState, data: string): void {
  if (stream === undefined) writeBounded(response, messageEvent(data));
  else emit(stream, data);
}

/** @returns the HTTP status. */
function finishResponse(
  state: ResponseState,
  { status, bytes }: RenderedResponse,
  headers: Readonly<Record<string, string>>,
): number {
  const { response, stream, phase } = state;
  clearTimeout(state.timer);
  state.phase = 'finished';
  if (phase === 'waiting') {
    response.writeHead(status, {
      ...state.headers,
      ...headers,
      'Content-Type': 'application/json',
      'Content-Length': bytes.length,
    });
    endWith(response, bytes);
    return status;
  }
  // H9: a result is passed on as it came, and a line break in it would end the event in its middle.
  writeMessage(state, oneLine(bytes).toString());
  if (stream !== undefined) {
    stream.done = true;
    stream.usedAtMs = state.now();
    stream.disconnect?.();
  }
  response.end();
  return 200;
}

const ONE_WRITE_BYTES_MAX = 16 * 1024;

/** Node.js sends head and body in one write only when the body is a string; Latin-1 has one character for each byte. */
function endWith(response: ServerResponse, bytes: Buffer): void {
  if (bytes.length <= ONE_WRITE_BYTES_MAX) response.end(bytes.toString('latin1'), 'latin1');
  else response.end(bytes);
}
