/**
 * One HTTP exchange over an undici pool: no redirects, no decompression, bounded bodies. The response has one body or a
 * stream of server-sent events.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { createByteBuffer } from '@sallyport/guard';
import type { Dispatcher } from 'undici';
import { createFloodBudget, MESSAGE_FLOOD_LIMITS } from '../flood-budget.ts';
import { createSseParser, isEventStream, type SseEvent } from '@sallyport/server/mcp/sse';

/** One request, and who gets the parts of its response. */
export interface HttpRequest {
  readonly pool: Dispatcher;
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Bytes that the response body may have, or one event of a stream. */
  readonly bytesMax: number;
  onHead?(status: number, headers: IncomingHttpHeaders): void;
  /** @returns how many messages the event held. */
  onEvent?(event: SseEvent): number;
}

/** A complete response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty when the response was a stream of events. */
  readonly body: Buffer;
  readonly isStream: boolean;
  /** Milliseconds after which the server wants a stream to be resumed. */
  readonly retryMs: number | undefined;
}

/** Why an exchange has no response. */
export type HttpFault = 'connect' | 'broken' | 'too_large' | 'encoded' | 'flooded' | 'aborted';

/** An exchange that has no response. */
export interface HttpFailure {
  readonly fault: HttpFault;
  /** True when the request may have reached the server. */
  readonly sent: boolean;
  /** As in `HttpResponse`. */
  readonly retryMs: number | undefined;
  readonly cause: unknown;
}

/** A request that was sent. */
export interface HttpExchange {
  /** Never rejects: a failure is a value like any other. */
  readonly outcome: Promise<HttpResponse | HttpFailure>;
  /** Closes the request, which cancels it at a server of 2026-07-28. */
  abort(): void;
}

/** B6: responses before the response, such as 103 Early Hints, of which a server may send any number. */
const INFORMATIONAL_MAX = 10;

/** Sends a request. Its body is never compressed, and no redirect is followed. */
export function sendHttp(request: HttpRequest): HttpExchange {
  const { promise, resolve } = Promise.withResolvers<HttpResponse | HttpFailure>();
  let controller: Dispatcher.DispatchController | undefined;
  let fault: HttpFault | undefined;
  let informational = 0;
  const stop = (why: HttpFault): void => {
    fault ??= why;
    controller?.abort(new Error(why));
  };
  const reader = createResponseReader(request, stop);
  const { path, method, headers, body } = request;
  request.pool.dispatch(
    { path, method, headers, body: body ?? null, headersTimeout: 0, bodyTimeout: 0 },
    {
      onRequestStart(started) {
        controller = started;
        if (fault !== undefined) started.abort(new Error(fault));
      },
      onResponseStart(_controller, status, received) {
        if (status >= 200) reader.start(status, received);
        else if (++informational > INFORMATIONAL_MAX) stop('flooded');
      },
      onResponseData(receiving, chunk) {
        const waitMs = reader.push(chunk);
        if (waitMs === 0) return;
        receiving.pause();
        setTimeout(() => receiving.resume(), waitMs).unref();
      },
      onResponseEnd: () => resolve(reader.end()),
      onResponseError(_controller, error) {
        // A controller comes with a connection, just before the first byte is written. Codes of errors do not tell:
        // a host can become unreachable (EHOSTUNREACH) while it executes the request.
        const sent = controller !== undefined;
        resolve({ fault: fault ?? (sent ? 'broken' : 'connect'), sent, cause: error, retryMs: reader.retryMs() });
      },
    },
  );
  return { outcome: promise, abort: () => stop('aborted') };
}

interface ResponseReader {
  start(status: number, headers: IncomingHttpHeaders): void;
  /** @returns milliseconds to wait before more is read. */
  push(chunk: Buffer): number;
  end(): HttpResponse;
  retryMs(): number | undefined;
}

interface EventStream {
  /** @returns milliseconds to wait before more is read: a server that sends more than it may has to wait (B6). */
  push(chunk: Buffer): number;
  retryMs(): number | undefined;
}

function createEventStream(request: HttpRequest, stop: (why: HttpFault) => void): EventStream {
  let messages = 0;
  const parser = createSseParser(request.bytesMax, (event) => {
    messages += Math.max(request.onEvent?.(event) ?? 0, 1);
  });
  const { byteBurst } = MESSAGE_FLOOD_LIMITS;
  // The response itself comes on the same stream.
  const limits = { ...MESSAGE_FLOOD_LIMITS, byteBurst: byteBurst + request.bytesMax };
  const budget = createFloodBudget(limits);
  return {
    push(chunk) {
      messages = 0;
      if (!parser.push(chunk)) stop('too_large');
      const waitMs = budget.spend(Math.max(messages, 1), chunk.length);
      if (waitMs === undefined) stop('flooded');
      return waitMs ?? 0;
    },
    retryMs: () => parser.retryMs(),
  };
}

function createResponseReader(request: HttpRequest, stop: (why: HttpFault) => void): ResponseReader {
  let status = 0;
  let headers: IncomingHttpHeaders = {};
  let events: EventStream | undefined;
  const body = createByteBuffer();
  return {
    start(code, received) {
      status = code;
      headers = received;
      const encoding = received['content-encoding'];
      // The gateway asked for no compression; unpacking it is how a small body becomes a large one (H11).
      if (encoding !== undefined && encoding !== 'identity') return stop('encoded');
      if (code === 200 && isEventStream(received['content-type'])) events = createEventStream(request, stop);
      request.onHead?.(code, received);
    },
    push(chunk) {
      if (events !== undefined) return events.push(chunk);
      if (body.length + chunk.length > request.bytesMax) stop('too_large');
      else body.append(chunk);
      return 0;
    },
    end: () => ({
      status,
      headers,
      body: body.take(),
      isStream: events !== undefined,
      retryMs: events?.retryMs(),
    }),
    retryMs: () => events?.retryMs(),
  };
}

/** True for a body of the type `application/json`. */
export const isJson = (headers: IncomingHttpHeaders): boolean =>
  /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
