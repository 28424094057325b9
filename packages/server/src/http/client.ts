/**
 * HTTP requests of a tool to one system: to one origin, at addresses that were judged, bounded in time and size, with
 * the caller's cancellation and never with the caller's credential.
 */
import { createByteBuffer, isLoopback } from '@sallyport/guard';
import { Pool, type Dispatcher } from 'undici';
import type { CallContext } from '../call-context.ts';
import { ToolError } from '../errors.ts';
import { createDialler } from './dialler.ts';
import { checkedHeaders, credentialHeaders, type CredentialHeaders } from './headers.ts';
import { withQuery, type PathValue, type SafePath } from './path.ts';

/**
 * How a system is reached.
 *
 * @example
 * ```ts
 * const options: HttpOptions = {
 *   internal: true, credentials: { authorization: async () => `Bearer ${await readSecret('crm')}` },
 * };
 * ```
 */
export interface HttpOptions {
  /** The host may be this machine or in a private network. A metadata service is reached for nobody. */
  readonly internal?: boolean;
  /** Weakening: no TLS outside loopback. */
  readonly plainHttp?: 'allow';
  /** Headers with secrets, read for each request. They appear in no error. */
  readonly credentials?: CredentialHeaders;
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds for one request with its redirects; 10,000 when absent. */
  readonly timeoutMs?: number;
  /** Bytes of an answer; 1 MiB when absent. Compressed answers are not asked for, and refused. */
  readonly bytesMax?: number;
  /** Redirects within the origin that a GET follows; 3 when absent. Others are never followed. */
  readonly redirectsMax?: number;
  /** Requests that are under way at once; 64 when absent. */
  readonly connectionsMax?: number;
  /** Certificates that are trusted instead of the usual ones, as PEM. */
  readonly ca?: string;
}

/**
 * What one request has besides its method and path. At most one of `json`, `form` and `text`.
 *
 * @example
 * ```ts
 * const request: HttpRequestOptions = { query: { page: 2 }, json: { name: 'Ada' } };
 * ```
 */
export interface HttpRequestOptions {
  readonly query?: Readonly<Record<string, PathValue | readonly PathValue[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, PathValue>>;
  readonly text?: string;
}

/**
 * A request whose parts were encoded already, as `requestOf` of `@sallyport/server/openapi` makes it.
 *
 * @example
 * ```ts
 * const request: EncodedRequest = { method: 'GET', target: '/customers', headers: {}, body: undefined };
 * ```
 */
export interface EncodedRequest {
  readonly method: string;
  /** Path and query, below the base path. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/**
 * An answer, read whole.
 *
 * @example
 * ```ts
 * const customer = (answer: HttpAnswer): unknown => (answer.ok ? answer.json() : undefined);
 * ```
 */
export interface HttpAnswer {
  readonly status: number;
  /** Status 200 to 299. */
  readonly ok: boolean;
  /** Empty when there is none. */
  readonly contentType: string;
  readonly link?: string;
  readonly retryAfter?: string;
  readonly body: Buffer;
  /** @throws Error unless the type is JSON, the text UTF-8 and the syntax right. */
  json(): unknown;
  /** @throws Error unless the text is UTF-8. */
  text(): string;
}

type Send = (call: Pick<CallContext, 'signal'>, target: SafePath, options?: HttpRequestOptions) => Promise<HttpAnswer>;

/**
 * Requests to one system.
 *
 * @example
 * ```ts
 * const nameOf = async (crm: Http, call: CallContext, id: string): Promise<unknown> =>
 *   (await crm.get(call, path`/customers/${id}`)).json();
 * ```
 */
export interface Http {
  readonly get: Send;
  readonly post: Send;
  readonly put: Send;
  readonly patch: Send;
  readonly delete: Send;
  /** @throws ToolError `TIMEOUT`, `CANCELLED` or `UPSTREAM_FAILED`; nothing of request or answer is in its text. */
  send(call: Pick<CallContext, 'signal'>, request: EncodedRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const CONNECT_MS_MAX = 5_000;
const BYTES_MAX = 1024 * 1024;
const REDIRECTS_MAX = 3;
const CONNECTIONS_MAX = 64;
const METHOD = /^[A-Z]{1,20}$/;

/**
 * Requests to the origin of a base URL and below its path.
 *
 * @throws RangeError for a URL that is not https (http on loopback, or with `plainHttp: 'allow'`), or that has
 * credentials, a query or a fragment.
 * @example
 * ```ts
 * const crm = http('https://crm.internal/api', { internal: true, timeoutMs: 5_000 });
 * ```
 */
export function http(baseUrl: string, options: HttpOptions = {}): Http {
  const url = checkedBase(baseUrl, options.plainHttp);
  const { timeoutMs = TIMEOUT_MS, connectionsMax = CONNECTIONS_MAX, internal = false, ca } = options;
  const connect = createDialler({
    isInternal: () => internal,
    timeoutMs: Math.min(timeoutMs, CONNECT_MS_MAX),
    ...(ca !== undefined && { ca }),
  });
  const pool = new Pool(url.origin, {
    connect,
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: 32 * 1024,
  });
  const common = checkedHeaders(options.headers ?? {});
  const basePath = url.pathname.replace(/\/$/, '');
  const send: Http['send'] = async ({ signal }, request) => {
    if (!METHOD.test(request.method)) throw new RangeError('a method is written in capitals');
    const headers = { ...common, ...request.headers, ...(await credentialHeaders(options.credentials ?? {})) };
    const timeout = AbortSignal.timeout(timeoutMs);
    const exchange = { pool, origin: url.origin, options, signal: AbortSignal.any([signal, timeout]) };
    try {
      return await follow(exchange, { ...request, headers, target: `${basePath}${request.target}` });
    } catch (thrown) {
      throw failureOf(thrown, signal, timeout);
    }
  };
  const method =
    (name: string): Send =>
    async (call, target, more = {}) =>
      send(call, encodedRequest(name, target, more));
  return {
    send,
    get: method('GET'),
    post: method('POST'),
    put: method('PUT'),
    patch: method('PATCH'),
    delete: method('DELETE'),
    close: () => pool.destroy(),
  };
}

function checkedBase(baseUrl: string, plainHttp: 'allow' | undefined): URL {
  const url = URL.parse(baseUrl);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new RangeError('a base URL is an http or https URL');
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && plainHttp !== 'allow')
    throw new RangeError("a base URL is https outside loopback (the weakening is spelled: plainHttp: 'allow')");
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new RangeError('a base URL has no credentials, query or fragment');
  return url;
}

function encodedRequest(method: string, target: SafePath, options: HttpRequestOptions): EncodedRequest {
  const { query, headers = {}, json, form, text } = options;
  if ([json, form, text].filter((body) => body !== undefined).length > 1)
    throw new RangeError('a request has one of json, form and text');
  const { text: written } = query === undefined ? target : withQuery(target, query);
  const checked = checkedHeaders(headers);
  if (json !== undefined) return bodied(method, written, checked, 'application/json', JSON.stringify(json));
  if (text !== undefined) return bodied(method, written, checked, 'text/plain; charset=utf-8', text);
  if (form === undefined) return { method, target: written, headers: checked, body: undefined };
  const pairs = Object.entries(form).map(([name, value]): [string, string] => [name, String(value)]);
  const body = new URLSearchParams(pairs).toString();
  return bodied(method, written, checked, 'application/x-www-form-urlencoded', body);
}

const bodied = (
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  contentType: string,
  body: string,
): EncodedRequest => ({
  method,
  target,
  headers: { ...headers, 'content-type': contentType },
  body: Buffer.from(body),
});

interface Exchange {
  readonly pool: Pool;
  readonly origin: string;
  readonly options: HttpOptions;
  readonly signal: AbortSignal;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** S4: a GET follows a few redirects within its origin; any other redirect is a failure. */
async function follow(exchange: Exchange, request: EncodedRequest): Promise<HttpAnswer> {
  const { redirectsMax = REDIRECTS_MAX } = exchange.options;
  let { target } = request;
  for (let hops = 0; ; hops++) {
    const { answer, location } = await once(exchange, { ...request, target });
    if (!REDIRECTS.has(answer.status)) return answer;
    const next = URL.parse(location, `${exchange.origin}${target}`);
    const mayFollow = (request.method === 'GET' || request.method === 'HEAD') && hops < redirectsMax;
    if (!mayFollow || next?.origin !== exchange.origin || next.username !== '' || next.password !== '')
      throw new Error('a redirect was not followed');
    target = `${next.pathname}${next.search}`;
  }
}

async function once(
  { pool, options, signal }: Exchange,
  { method, target, headers, body }: EncodedRequest,
): Promise<{ readonly answer: HttpAnswer; readonly location: string }> {
  const response = await pool.request({
    path: target,
    method: method as Dispatcher.HttpMethod,
    headers: { accept: 'application/json, */*;q=0.5', ...headers, 'accept-encoding': 'identity' },
    body: body ?? null,
    signal,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  // A body that is given up says so in an event, which ends the process where nobody listens.
  response.body.on('error', () => undefined);
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    response.body.destroy();
    throw new Error('the answer is compressed, which nobody asked for');
  }
  const bytes = await readBounded(response.body, options.bytesMax ?? BYTES_MAX);
  const { location } = response.headers;
  return {
    answer: answerOf(response, bytes),
    location: typeof location === 'string' ? location : '',
  };
}

/** H11, B5: counted as it is received. */
async function readBounded(body: Dispatcher.ResponseData['body'], bytesMax: number): Promise<Buffer> {
  const received = createByteBuffer();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    // Leaving the loop closes the connection.
    if (received.length + chunk.length > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`);
    received.append(chunk);
  }
  return received.take();
}

function answerOf({ statusCode: status, headers }: Dispatcher.ResponseData, body: Buffer): HttpAnswer {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const contentType = one('content-type') ?? '';
  const [link, retryAfter] = [one('link'), one('retry-after')];
  const text = (): string => new TextDecoder('utf-8', { fatal: true }).decode(body);
  return {
    status,
    ok: status >= 200 && status < 300,
    contentType,
    ...(link !== undefined && { link }),
    ...(retryAfter !== undefined && { retryAfter }),
    body,
    text,
    json: () => {
      if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType)) throw new Error('the answer is no JSON');
      return JSON.parse(text()) as unknown;
    },
  };
}

/** What broke is the cause, for the author; the text says nothing of it. */
function failureOf(thrown: unknown, cancelled: AbortSignal, timeout: AbortSignal): unknown {
  if (thrown instanceof ToolError || thrown instanceof RangeError) return thrown;
  if (cancelled.aborted) return new ToolError('CANCELLED', 'The call was cancelled.', { cause: thrown });
  if (timeout.aborted)
    return new ToolError('TIMEOUT', 'The system behind this tool did not answer in time.', { cause: thrown });
  return new ToolError('UPSTREAM_FAILED', 'The system behind this tool failed.', { cause: thrown });
}
