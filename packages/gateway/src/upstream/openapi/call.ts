/** One permitted call of a tool that is a REST operation: arguments → request → answer. */
import { asObject, GuardError, type JsonObject } from '@sallyport/guard';
import {
  answerOf,
  ArgumentError,
  requestOf,
  type RestAnswer,
  type RestError,
  type RestRequest,
  type RestResponse,
  type RestTool,
} from '@sallyport/server/openapi';
import type { ServerSettings, ServerTransport } from '../../snapshot.ts';
import { secretsOfTransport } from '../../transport-secrets.ts';
import { timeoutFailure, tooLarge, transportFailure } from '../transports/failure.ts';
import { sendHttp, type HttpExchange, type HttpFailure, type HttpResponse } from '../transports/http/exchange.ts';
import type { OutboundRequest, ServerResult } from '../transports/transport.ts';
import type { RestPool } from './pool.ts';

type OpenApiTransport = Extract<ServerTransport, { kind: 'openapi' }>;

const METHOD = /^[A-Z]{1,20}$/;

/**
 * Nothing of the caller goes upstream but the arguments: no token, no header, no trace context.
 *
 * @throws GuardError `invalid_input` for an argument that has no place in the request; `upstream_failed`,
 * `upstream_timeout`, `cancelled` or `output_blocked` as `Transport.request`.
 */
export async function callOperation(
  settings: ServerSettings,
  pool: RestPool,
  tool: RestTool,
  outbound: OutboundRequest,
): Promise<ServerResult> {
  const transport = settings.transport as OpenApiTransport;
  const request = requestFor(transport, tool, asObject(outbound.params['arguments']));
  const response = await exchange(pool, request, outbound);
  const body = settings.errors === 'hide' && response.status >= 400 ? Buffer.alloc(0) : response.body;
  const answer = answerOf(tool.operation, restResponse({ ...response, body }), {
    bytesMax: Math.min(transport.trimBytes, outbound.bytesMax),
    secrets: secretsOfTransport(transport),
  });
  const value = 'code' in answer ? errorResult(answer) : successResult(answer);
  return { value, bytes: undefined, receivedBytes: response.body.length };
}

function requestFor(transport: OpenApiTransport, { operation }: RestTool, input: JsonObject): RestRequest {
  try {
    return requestOf(operation, input, new Map(Object.entries(transport.credentials)));
  } catch (thrown) {
    if (thrown instanceof ArgumentError)
      throw new GuardError('invalid_input', { message: thrown.message, cause: thrown });
    throw transportFailure('the request cannot be made', { unsent: true, cause: thrown });
  }
}

/** Ends with the caller's signal, the time that the server may take, or the answer. */
async function exchange(pool: RestPool, request: RestRequest, outbound: OutboundRequest): Promise<HttpResponse> {
  const { signal, timeoutMs, bytesMax } = outbound;
  if (signal.aborted) throw new GuardError('cancelled');
  const sent = sendHttp({
    pool: pool.sockets,
    method: METHOD.test(request.method) ? request.method : 'GET',
    path: `${pool.basePath}${request.target}`,
    headers: {
      'accept-encoding': 'identity',
      ...pool.headers,
      ...request.headers,
    },
    body: request.body,
    bytesMax,
  });
  const ended = endedBy(sent, signal, timeoutMs);
  const outcome = await sent.outcome.finally(ended.stopWaiting);
  if ('fault' in outcome) throw failureOf(outcome, ended.reason());
  return outcome;
}

interface Ending {
  /** Why the exchange was given up. */
  reason(): 'cancelled' | 'timeout' | undefined;
  stopWaiting(): void;
}

function endedBy(sent: HttpExchange, signal: AbortSignal, timeoutMs: number | undefined): Ending {
  let reason: ReturnType<Ending['reason']>;
  const end = (why: NonNullable<typeof reason>) => (): void => {
    reason ??= why;
    sent.abort();
  };
  const cancel = end('cancelled');
  signal.addEventListener('abort', cancel, { once: true });
  const timer = timeoutMs === undefined ? undefined : setTimeout(end('timeout'), timeoutMs);
  return {
    reason: () => reason,
    stopWaiting: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
    },
  };
}

const REASONS: Readonly<Partial<Record<HttpFailure['fault'], string>>> = {
  connect: 'it cannot be connected to',
  encoded: 'it sent a compressed answer that nobody asked for',
  flooded: 'it sent too many responses before the response',
};

function failureOf({ fault, sent, cause }: HttpFailure, reason: ReturnType<Ending['reason']>): GuardError {
  if (reason === 'cancelled') return new GuardError('cancelled');
  const detail = { unsent: !sent, cause };
  if (reason === 'timeout') return timeoutFailure('it did not answer in time', detail);
  if (fault === 'too_large') return tooLarge();
  return transportFailure(REASONS[fault] ?? 'the connection broke', detail);
}

function restResponse({ status, headers, body }: HttpResponse): RestResponse {
  const { link, 'retry-after': retryAfter, 'content-type': contentType = '' } = headers;
  return {
    status,
    contentType,
    ...(typeof link === 'string' && { link }),
    ...(retryAfter !== undefined && { retryAfter }),
    body,
  };
}

function successResult({ text, structured, note, media }: RestAnswer): JsonObject {
  const content = media === undefined ? { type: 'text', text } : { ...media };
  return {
    content: [content, ...(note === undefined ? [] : [{ type: 'text', text: note }])],
    ...(structured !== undefined && { structuredContent: structured }),
  };
}

function errorResult({ code, message, suggestion, retryAfter }: RestError): JsonObject {
  const advice = retryAfter === undefined ? suggestion : `${suggestion ?? ''} Retry after ${retryAfter} s.`.trim();
  return {
    content: [{ type: 'text', text: [`${code}: ${message}`, advice].filter(Boolean).join(' ') }],
    structuredContent: {
      error_code: code,
      message,
      ...(suggestion !== undefined && { suggestion }),
      ...(retryAfter !== undefined && { retry_after: retryAfter }),
    },
    isError: true,
  };
}
