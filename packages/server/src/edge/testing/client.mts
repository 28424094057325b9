/** A client that sends plain HTTP requests, so that a test chooses every header and every byte. */
import { request as undiciRequest, type Dispatcher } from 'undici';

export type Json = Record<string, unknown>;
export type Era = 'legacy' | 'modern';

export const META: Json = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

export interface TestResponse {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly messages: readonly Json[];
  readonly result: Json | undefined;
  readonly error: { readonly code: number; readonly message: string; readonly data?: Json } | undefined;
}

export interface TestRequest {
  readonly url: string;
  readonly path?: string;
  readonly token?: string;
  readonly era?: Era;
  readonly method?: string;
  readonly params?: Json;
  readonly id?: unknown;
  readonly headers?: Record<string, string | string[] | undefined>;
  readonly body?: string | Buffer;
  readonly http?: string;
  readonly signal?: AbortSignal;
}

export function eventsOf(text: string): Json[] {
  return text.split('\n\n').flatMap((event) => {
    const data = event
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trim())
      .join('\n');
    return data === '' ? [] : [JSON.parse(data) as Json];
  });
}

export const eventIdsOf = (text: string): string[] => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1] ?? '');

function messagesOf(text: string, type: string): Json[] {
  if (type.startsWith('text/event-stream')) return eventsOf(text);
  return text !== '' && type.startsWith('application/json') ? [JSON.parse(text) as Json] : [];
}

/** Headers and body as a correct client of this era sends them; `headers` and `body` override them. */
function compose({ era = 'legacy', method = 'ping', params, id = 1, headers, token, body }: TestRequest): {
  readonly headers: Record<string, string | string[]>;
  readonly body: string | Buffer;
} {
  const allParams =
    era === 'modern' ? { ...params, _meta: { ...META, ...(params?.['_meta'] as Json | undefined) } } : params;
  const name = params?.['name'] ?? params?.['uri'] ?? params?.['taskId'];
  const given: Record<string, string | string[] | undefined> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: token === undefined ? undefined : `Bearer ${token}`,
    'mcp-protocol-version': era === 'modern' ? '2026-07-28' : '2025-11-25',
    ...(era === 'modern' && { 'mcp-method': method, ...(typeof name === 'string' && { 'mcp-name': name }) }),
    ...headers,
  };
  const kept = Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined),
  );
  return {
    headers: kept,
    body:
      body ??
      JSON.stringify({
        jsonrpc: '2.0',
        ...(id !== undefined && id !== null && { id }),
        method,
        ...(allParams !== undefined && { params: allParams }),
      }),
  };
}

export async function send(request: TestRequest): Promise<TestResponse> {
  const { headers, body } = compose(request);
  const http = request.http ?? 'POST';
  const response = await undiciRequest(`${request.url}${request.path ?? '/mcp/crm'}`, {
    method: http as Dispatcher.HttpMethod,
    headers,
    ...(http === 'POST' && { body }),
    ...(request.signal !== undefined && { signal: request.signal }),
  });
  const text = await response.body.text();
  const messages = messagesOf(text, String(response.headers['content-type'] ?? ''));
  const last = messages.findLast((message) => 'result' in message || 'error' in message);
  return {
    status: response.statusCode,
    headers: response.headers,
    text,
    messages,
    result: last?.['result'] as Json | undefined,
    error: last?.['error'] as TestResponse['error'],
  };
}

/** @returns the session id of an `initialize`. */
export async function initialize(
  request: Pick<TestRequest, 'url' | 'path' | 'token'>,
  capabilities: Json = {},
): Promise<string> {
  const response = await send({
    ...request,
    method: 'initialize',
    headers: { 'mcp-protocol-version': undefined },
    params: { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } },
  });
  const id = response.headers['mcp-session-id'];
  if (response.status !== 200 || typeof id !== 'string')
    throw new Error(`initialize: ${response.status} ${response.text}`);
  return id;
}

export interface OpenStream {
  readonly status: number;
  /** Everything that has been received. */
  text(): string;
  messages(): readonly Json[];
  /** Resolves when the text passes the test. */
  until(test: (text: string) => boolean, withinMs?: number): Promise<string>;
  readonly ended: Promise<void>;
  close(): void;
}

/** Sends a request and reads its response piece by piece. */
export async function stream(request: TestRequest): Promise<OpenStream> {
  const { headers, body } = compose(request);
  const abort = new AbortController();
  const http = request.http ?? 'POST';
  const response = await undiciRequest(`${request.url}${request.path ?? '/mcp/crm'}`, {
    method: http as Dispatcher.HttpMethod,
    headers,
    ...(http === 'POST' && { body }),
    signal: abort.signal,
  });
  let text = '';
  let wake = (): void => {};
  const ended = (async () => {
    try {
      for await (const chunk of response.body) {
        text += String(chunk);
        wake();
      }
    } catch {
      /* Closed by either side: what was received counts. */
    }
    wake();
  })();
  return {
    status: response.statusCode,
    text: () => text,
    messages: () => eventsOf(text),
    ended,
    close: () => abort.abort(),
    async until(test, withinMs = 2_000) {
      const deadline = Date.now() + withinMs;
      while (!test(text)) {
        const left = deadline - Date.now();
        if (left <= 0) throw new Error(`no such text was received: ${text.slice(0, 2_000)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, Math.min(left, 50));
        });
      }
      return text;
    },
  };
}
