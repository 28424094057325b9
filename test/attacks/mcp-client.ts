/**
 * A client that is nothing but bytes, so that it can do what a well-behaved SDK never would: reuse ids, drop
 * connections, present somebody else's handles. Speaks both eras over Streamable HTTP.
 */
import { request } from 'undici';

export type Era = 'modern' | 'legacy';
type Json = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly result: Json | undefined;
  readonly error: { readonly code: number; readonly message: string; readonly data?: Json } | undefined;
  /** Params of the progress notifications that came before the answer. */
  readonly progress: readonly Json[];
  /** Every message of the answer, in order. */
  readonly messages: readonly Json[];
}

export interface Pending {
  readonly done: Promise<Answer>;
  readonly abort: AbortController;
  readonly id: number | string;
}

export interface RawClient {
  readonly session: string | undefined;
  send(method: string, params: Json, id?: number | string): Promise<Answer>;
  call(call: { id: number | string; name: string; arguments: Json; progressToken?: number | string }): Pending;
  cancel(pending: Pending): Promise<void>;
  close(): Promise<void>;
}

export const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

export async function post(
  url: string,
  headers: Record<string, string>,
  body: string | Buffer,
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body,
    ...(signal && { signal }),
  });
  const text = await response.body.text();
  const messages = parse(text, String(response.headers['content-type'] ?? ''));
  const last = messages.findLast((message) => 'result' in message || 'error' in message);
  return {
    status: response.statusCode,
    headers: response.headers,
    messages,
    result: last?.['result'] as Json | undefined,
    error: last?.['error'] as Answer['error'],
    progress: messages
      .filter((message) => message['method'] === 'notifications/progress')
      .map((message) => message['params'] as Json),
  };
}

function parse(text: string, type: string): Json[] {
  if (text === '') return [];
  if (!type.startsWith('text/event-stream'))
    return type.startsWith('application/json') ? [JSON.parse(text) as Json] : [];
  return text.split('\n\n').flatMap((event) => {
    const data = event
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trim())
      .join('\n');
    return data === '' ? [] : [JSON.parse(data) as Json];
  });
}

/** A name as a header carries it: in base64 when it is not plain ASCII. */
const mirrored = (name: string): string =>
  /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(name) ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`;

export function headersFor(
  era: Era,
  token: string,
  { method, params }: { readonly method: string; readonly params: Json },
  session?: string,
): Record<string, string> {
  const name = params['name'] ?? params['uri'] ?? params['taskId'];
  return {
    ...(token !== '' && { authorization: `Bearer ${token}` }),
    'mcp-protocol-version': era === 'modern' ? '2026-07-28' : '2025-11-25',
    ...(era === 'modern' && { 'mcp-method': method, ...(typeof name === 'string' && { 'mcp-name': mirrored(name) }) }),
    ...(session !== undefined && { 'mcp-session-id': session }),
  };
}

export async function connect(url: string, token: string, era: Era, capabilities: Json = {}): Promise<RawClient> {
  let session: string | undefined;
  const meta = { ...MODERN_META, 'io.modelcontextprotocol/clientCapabilities': capabilities };
  const exchange = (
    method: string,
    params: Json,
    id: number | string | undefined,
    signal?: AbortSignal,
  ): Promise<Answer> => {
    const whole =
      era === 'modern' ? { ...params, _meta: { ...meta, ...(params['_meta'] as Json | undefined) } } : params;
    const body = JSON.stringify({ jsonrpc: '2.0', ...(id !== undefined && { id }), method, params: whole });
    return post(url, headersFor(era, token, { method, params }, session), body, signal);
  };
  if (era === 'legacy') {
    const answer = await exchange(
      'initialize',
      {
        protocolVersion: '2025-11-25',
        capabilities,
        clientInfo: { name: 'raw', version: '1.0.0' },
      },
      1,
    );
    if (answer.status !== 200) throw new Error(`initialize: ${answer.status} ${JSON.stringify(answer.messages)}`);
    session = String(answer.headers['mcp-session-id']);
    await exchange('notifications/initialized', {}, undefined);
  }
  return {
    session,
    send: (method, params, id = 1) => exchange(method, params, id),
    call({ id, progressToken, ...rest }) {
      const abort = new AbortController();
      const params = { ...rest, ...(progressToken !== undefined && { _meta: { progressToken } }) };
      const done = exchange('tools/call', params, id, abort.signal);
      done.catch(() => {});
      return { done, abort, id };
    },
    async cancel(pending) {
      // A modern client cancels by going away; a legacy one says so, and may or may not stay on the line.
      if (era === 'legacy') await exchange('notifications/cancelled', { requestId: pending.id }, undefined);
      pending.abort.abort();
      await pending.done.catch(() => {});
    },
    async close() {
      if (session !== undefined)
        await request(url, {
          method: 'DELETE',
          headers: headersFor(era, token, { method: '', params: {} }, session),
        }).then((r) => r.body.dump());
    },
  };
}
