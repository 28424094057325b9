/**
 * One request to a running gateway, as any modern client (2026-07-28) sends it. The commands need no session and no
 * stream, so they need no SDK.
 */
import { request } from 'undici';
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { MODERN_VERSION } from '../mcp/revisions.ts';
import { encodeHeaderText } from '../mcp/header-text.ts';
import { HEADER, mirroredName } from '../mcp/headers.ts';
import { requestMessage } from '../mcp/json-rpc.ts';
import { requestMeta } from '../mcp/meta-keys.ts';
import { createSseParser } from '../mcp/sse.ts';

const ANSWER_BYTES_MAX = 64 * 1024 ** 2;

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
  const _meta = requestMeta(MODERN_VERSION, {}, { name: 'sallyport-cli', version: aim.version });
  const name = mirroredName(method, params);
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${aim.token}`,
    [HEADER.protocolVersion]: MODERN_VERSION,
    [HEADER.method]: method,
    ...(name !== undefined && { [HEADER.name]: encodeHeaderText(name) }),
    ...extraHeaders,
  };
  const body = JSON.stringify(requestMessage(id, method, { ...params, _meta }));
  const { statusCode, headers: answered, body: answer } = await post(aim.url, headers, body);
  const message = messageOf(answer, String(answered['content-type'] ?? ''), id);
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
): Promise<{ statusCode: number; headers: Record<string, unknown>; body: Buffer }> {
  try {
    const answer = await request(url, { method: 'POST', headers, body, headersTimeout: 300_000, bodyTimeout: 300_000 });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if ((size += chunk.length) > ANSWER_BYTES_MAX) throw new Error('the answer is larger than 64 MiB');
      chunks.push(chunk);
    }
    return { statusCode: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) };
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const why =
      code === 'ECONNREFUSED' ? 'nothing listens there; is the gateway running? (sallyport start)' : (code ?? message);
    throw new Error(`${url}: ${why}`, { cause: thrown });
  }
}

/** The JSON-RPC message with this id, from a JSON body or from an event stream. */
function messageOf(body: Buffer, contentType: string, id: number): JsonObject | undefined {
  const documents = contentType.startsWith('text/event-stream') ? eventData(body) : [body.toString()];
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

function eventData(body: Buffer): string[] {
  const documents: string[] = [];
  createSseParser(ANSWER_BYTES_MAX, ({ data }) => documents.push(data.toString())).push(body);
  return documents;
}

function plainRefusal(status: number): string {
  if (status === 401) return 'The gateway did not accept the credential in SALLYPORT_TOKEN.';
  return `The gateway answered with status ${status}.`;
}
