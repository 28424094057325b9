/**
 * One request to a running gateway, as any modern client (2026-07-28) sends it. The commands need no session and no
 * stream, so they need no SDK.
 */
import { request } from 'undici';
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { MODERN_VERSION } from '../mcp/revisions.ts';

const MAX_ANSWER_BYTES = 64 * 1024 ** 2;

export interface Aim {
  /** The MCP endpoint, such as `http://127.0.0.1:8700/mcp`. */
  readonly url: string;
  /** Access token or API key. */
  readonly token: string;
  /** Of this program, for `clientInfo`. */
  readonly version: string;
}

export type Reply =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: number | undefined;
      readonly message: string;
      readonly data: Json | undefined;
    };

/**
 * @param extraHeaders `Mcp-Param-*` headers that a tool asks for.
 * @throws Error with a sentence for the user when the gateway cannot be reached or does not speak MCP.
 */
export async function ask(
  aim: Aim,
  method: string,
  params: JsonObject,
  extraHeaders: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const id = 1;
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'sallyport-cli', version: aim.version },
  };
  const name = params['name'];
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${aim.token}`,
    'mcp-protocol-version': MODERN_VERSION,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': headerValue(name) } : {}),
    ...extraHeaders,
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } });
  const { statusCode, headers: answered, text } = await post(aim.url, headers, body);
  const message = messageOf(text, String(answered['content-type'] ?? ''), id);
  if (message === undefined)
    return { kind: 'error', status: statusCode, code: undefined, message: plainRefusal(statusCode), data: undefined };
  const { result, error } = message;
  if (isObject(result)) return { kind: 'result', result };
  const { code, message: said, data } = isObject(error) ? error : {};
  return {
    kind: 'error',
    status: statusCode,
    code: typeof code === 'number' ? code : undefined,
    message: typeof said === 'string' ? said : plainRefusal(statusCode),
    data,
  };
}

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ statusCode: number; headers: Record<string, unknown>; text: string }> {
  try {
    const answer = await request(url, { method: 'POST', headers, body, headersTimeout: 300_000, bodyTimeout: 300_000 });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if ((size += chunk.length) > MAX_ANSWER_BYTES) throw new Error('the answer is larger than 64 MiB');
      chunks.push(chunk);
    }
    return { statusCode: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') };
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const why =
      code === 'ECONNREFUSED' ? 'nothing listens there; is the gateway running? (sallyport start)' : (code ?? message);
    throw new Error(`${url}: ${why}`, { cause: thrown });
  }
}

/** The JSON-RPC message with this id, from a JSON body or from an event stream. */
function messageOf(text: string, contentType: string, id: number): JsonObject | undefined {
  const documents = contentType.startsWith('text/event-stream') ? eventData(text) : [text];
  for (const document of documents) {
    try {
      const message = JSON.parse(document) as Json;
      if (
        isObject(message) &&
        (message['id'] === id || message['id'] === null || message['id'] === undefined) &&
        ('result' in message || 'error' in message)
      )
        return message;
    } catch {
      // Not JSON: a proxy in between answered.
    }
  }
  return undefined;
}

const eventData = (text: string): string[] =>
  text.split(/\r?\n\r?\n/).map((event) =>
    event
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart())
      .join('\n'),
  );

function plainRefusal(status: number): string {
  if (status === 401) return 'The gateway did not accept the credential in SALLYPORT_TOKEN.';
  return `The gateway answered with status ${status}.`;
}

/** Header values are ASCII; the protocol's sentinel carries the rest. */
export function headerValue(text: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return plain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}
