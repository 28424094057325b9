/**
 * One HTTP exchange over an undici pool: no redirects, no decompression, bounded bodies. The answer is either one body or
 * a stream of server-sent events.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { createSseParser, type SseEvent, type SseParser } from '../../../mcp/sse.ts';

export interface HttpExchange {
  readonly pool: Dispatcher;
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Bytes of a body, or of one event of a stream. */
  readonly maxBytes: number;
  onHead(status: number, headers: IncomingHttpHeaders): void;
  onEvent(event: SseEvent): void;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty when the answer was a stream of events. */
  readonly body: Buffer;
  readonly streamed: boolean;
  readonly retryMs: number | undefined;
}

export type HttpFault = 'connect' | 'broken' | 'too_large' | 'encoded' | 'aborted';

export interface HttpFailed {
  readonly fault: HttpFault;
  /** True when the request may have reached the server. */
  readonly sent: boolean;
  readonly retryMs: number | undefined;
  readonly cause: unknown;
}

export interface Dispatched {
  /** Never rejects: how an exchange failed is a value like any other. */
  readonly reply: Promise<HttpReply | HttpFailed>;
  /** Closes the request: for a modern server that is the cancellation. */
  abort(): void;
}

const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export function dispatchHttp(exchange: HttpExchange): Dispatched {
  const { promise, resolve } = Promise.withResolvers<HttpReply | HttpFailed>();
  let controller: Dispatcher.DispatchController | undefined;
  let fault: HttpFault | undefined;
  let status = 0;
  let headers: IncomingHttpHeaders = {};
  let events: SseParser | undefined;
  let chunks: Buffer[] = [];
  let held = 0;
  const stop = (why: HttpFault): void => {
    fault ??= why;
    controller?.abort(new Error(why));
  };
  exchange.pool.dispatch(
    {
      path: exchange.path,
      method: exchange.method,
      headers: exchange.headers,
      body: exchange.body ?? null,
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    {
      onRequestStart(started) {
        controller = started;
        if (fault !== undefined) started.abort(new Error(fault));
      },
      onResponseStart(_controller, code, received) {
        if (code < 200) return;
        [status, headers] = [code, received];
        const encoding = received['content-encoding'];
        // A compressed answer was not asked for; unpacking it is how a small body becomes a large one (H11).
        if (encoding !== undefined && encoding !== 'identity') return stop('encoded');
        if (code === 200 && isEventStream(received)) events = createSseParser(exchange.maxBytes, exchange.onEvent);
        exchange.onHead(code, received);
      },
      onResponseData(_controller, chunk) {
        if (events !== undefined) {
          if (!events.push(chunk)) stop('too_large');
          return;
        }
        held += chunk.length;
        if (held > exchange.maxBytes) return stop('too_large');
        chunks.push(chunk);
      },
      onResponseEnd() {
        resolve({
          status,
          headers,
          body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
          streamed: events !== undefined,
          retryMs: events?.retryMs(),
        });
        chunks = [];
      },
      onResponseError(_controller, error) {
        const code = (error as NodeJS.ErrnoException).code ?? '';
        const unsent = controller === undefined || NOT_SENT.has(code);
        resolve({
          fault: fault ?? (unsent ? 'connect' : 'broken'),
          sent: !unsent,
          cause: error,
          retryMs: events?.retryMs(),
        });
      },
    },
  );
  return { reply: promise, abort: () => stop('aborted') };
}

const isEventStream = (headers: IncomingHttpHeaders): boolean =>
  /^text\/event-stream\s*(;|$)/i.test(headers['content-type'] ?? '');

export const isJson = (headers: IncomingHttpHeaders): boolean =>
  /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
