/**
 * The answer to one POST: a single JSON document, unless something has to be said before it, which turns it into an SSE
 * stream. A client that does not read is cut off instead of being waited for.
 */
import type { ServerResponse } from 'node:http';
import { oneLine } from '@sallyport/guard/json';
import type { RenderedResponse } from '../render-outcome.ts';
import { emit, eventId, type Stream } from '../sessions/streams.ts';

export interface Reply {
  /** Sends a JSON-RPC message ahead of the answer. */
  send(message: object): void;
  finish(ended: RenderedResponse): void;
  /** Stops the timers, whatever happened. */
  dispose(): void;
  status(): number;
  readonly mayStream: boolean;
}

export interface ReplyOptions {
  readonly response: ServerResponse;
  readonly headers: Record<string, string>;
  /** False when the client does not accept a stream: messages ahead of the answer are then dropped. */
  readonly mayStream: boolean;
  /** Made when the stream starts, for sessions whose streams can be resumed; `undefined` otherwise. */
  readonly stream: (() => Stream) | undefined;
  /** 2025-11-25 clients learn at once where to resume, and after how long. */
  readonly primes: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const QUEUE_BYTES_MAX = 1024 * 1024;
const KEEP_ALIVE_MS = 15_000;
const RETRY_MS = 1_000;
/** After this long without an answer a stream is started, so that nothing on the way takes the connection for dead. */
const PATIENCE_MS = 10_000;

export function createReply(options: ReplyOptions): Reply {
  const { response, headers, mayStream } = options;
  let started = false;
  let status = 0;
  let stream: Stream | undefined;
  let timer: NodeJS.Timeout | undefined = mayStream ? setTimeout(() => start(), PATIENCE_MS) : undefined;
  timer?.unref();
  const start = (): void => {
    if (started || status !== 0) return;
    started = true;
    status = 200;
    clearTimeout(timer);
    timer = openSse(response, headers);
    stream = options.stream?.();
    if (stream === undefined) return;
    if (options.primes) writeBounded(response, primeText(stream));
    listenTo(stream, response);
  };
  const write = (data: string): void =>
    stream === undefined ? writeBounded(response, `event: message\ndata: ${data}\n\n`) : emit(stream, data);
  return {
    mayStream,
    status: () => status,
    send(message) {
      if (!mayStream || (status !== 0 && !started)) return;
      start();
      write(JSON.stringify(message));
    },
    dispose: () => {
      clearTimeout(timer);
      clearInterval(timer);
    },
    finish(ended) {
      clearTimeout(timer);
      clearInterval(timer);
      if (!started) {
        status = ended.status;
        response.writeHead(ended.status, {
          ...headers,
          ...ended.headers,
          'Content-Type': 'application/json',
          'Content-Length': ended.bytes.length,
        });
        endWith(response, ended.bytes);
        return;
      }
      // H9: a line break in a result that is passed on as it came would end the event in the middle of it.
      write(oneLine(ended.bytes).toString());
      if (stream !== undefined) {
        stream.done = true;
        stream.usedAt = options.now();
        stream.end?.();
      }
      response.end();
    },
  };
}

const ONE_WRITE_BYTES_MAX = 16 * 1024;

/** Node sends head and body in one write only when the body is a string; Latin-1 has a character for each byte. */
function endWith(response: ServerResponse, bytes: Buffer): void {
  if (bytes.length <= ONE_WRITE_BYTES_MAX) response.end(bytes.toString('latin1'), 'latin1');
  else response.end(bytes);
}

/** An event without data: an id to resume from, and how long to wait before that. */
export const primeText = (stream: Stream): string => `id: ${eventId(stream, 0)}\nretry: ${RETRY_MS}\ndata: \n\n`;

/** @returns the timer of its keep-alive comments. */
export function openSse(response: ServerResponse, headers: Record<string, string>): NodeJS.Timeout {
  response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  const timer = setInterval(() => writeBounded(response, ': keep-alive\n\n'), KEEP_ALIVE_MS);
  timer.unref();
  response.once('close', () => clearInterval(timer));
  return timer;
}

/** H9: what a client does not read is kept up to a bound; beyond it the connection ends. */
export function writeBounded(response: ServerResponse, text: string): void {
  if (response.destroyed || response.writableEnded) return;
  if (response.writableLength > QUEUE_BYTES_MAX) response.destroy();
  else response.write(text);
}

/** Makes a connection the listener of a stream until it closes; whoever listened before is let go. */
export function listenTo(stream: Stream, response: ServerResponse): void {
  stream.end?.();
  const sink = (text: string): void => writeBounded(response, text);
  const end = (): void => void response.end();
  stream.sink = sink;
  stream.end = end;
  response.once('close', () => {
    if (stream.sink !== sink) return;
    stream.sink = undefined;
    stream.end = undefined;
  });
}
