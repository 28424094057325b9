/**
 * One request to a running gateway, as any modern client (2026-07-28) sends it. The commands need no session and no
 * stream, so they need no SDK.
 */
import { request } from 'undici';
import { createByteBuffer, isObject, type Json, type JsonObject } from '@sallyport/guard';
import { parseJson } from '@sallyport/guard/json';
import { encodeHeaderText } from '@sallyport/server/mcp/header-text';
import { ACCEPT_RESPONSE, HEADER, mirroredName } from '@sallyport/server/mcp/headers';
import { requestMessage } from '@sallyport/server/mcp/json-rpc';
import { requestMeta } from '@sallyport/server/mcp/meta-keys';
import { MODERN_VERSION } from '@sallyport/server/mcp/revisions';
import { createSseParser, isEventStream } from '@sallyport/server/mcp/sse';

const RESPONSE_BYTES_MAX = 64 * 1024 ** 2;
const TIMEOUT_MS = 300_000;
const REQUEST_ID = 1;

/** A running gateway, and the credential for it. */
export interface GatewayTarget {
  /** The MCP endpoint, such as `http://127.0.0.1:8700/mcp`. */
  readonly url: string;
  /** Access token or API key. */
  readonly token: string;
  /** Version of this program, for `clientInfo`. */
  readonly version: string;
}

/** A JSON-RPC error of the gateway, or an HTTP error without one. */
export interface GatewayError {
  readonly kind: 'error';
  /** HTTP status. */
  readonly status: number;
  /** JSON-RPC error code; `undefined` when the response held no JSON-RPC message. */
  readonly code: number | undefined;
  readonly message: string;
  readonly data: Json | undefined;
}

/** What the gateway replied to one request. */
export type GatewayReply = { readonly kind: 'result'; readonly result: JsonObject } | GatewayError;

/**
 * Sends one request and reads its response, at most 64 MiB.
 *
 * @param extraHeaders `Mcp-Param-*` headers that a tool requires.
 * @throws Error with a sentence for the user when the gateway cannot be reached.
 */
export async function sendRequest(
  target: GatewayTarget,
  method: string,
  params: JsonObject,
  extraHeaders: Readonly<Record<string, string>> = {},
): Promise<GatewayReply> {
  const _meta = requestMeta(MODERN_VERSION, {}, { name: 'sallyport-cli', version: target.version });
  const name = mirroredName(method, params);
  const headers = {
    'content-type': 'application/json',
    accept: ACCEPT_RESPONSE,
    authorization: `Bearer ${target.token}`,
    [HEADER.protocolVersion]: MODERN_VERSION,
    [HEADER.method]: method,
    ...(name !== undefined && { [HEADER.name]: encodeHeaderText(name) }),
    ...extraHeaders,
  };
  const message = requestMessage(REQUEST_ID, method, { ...params, _meta });
  const { status, contentType, body } = await post(target.url, headers, JSON.stringify(message));
  const response = responseMessage(body, contentType);
  if (response === undefined)
    return { kind: 'error', status, code: undefined, message: statusMessage(status), data: undefined };
  const { result, error } = response;
  if (isObject(result)) return { kind: 'result', result };
  const { code, message: errorMessage, data } = isObject(error) ? error : {};
  return {
    kind: 'error',
    status,
    code: typeof code === 'number' ? code : undefined,
    message: typeof errorMessage === 'string' ? errorMessage : statusMessage(status),
    data,
  };
}

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ readonly status: number; readonly contentType: string; readonly body: Buffer }> {
  try {
    const timeouts = { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS };
    const response = await request(url, { method: 'POST', headers, body, ...timeouts });
    const received = createByteBuffer();
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      if (received.length + chunk.length > RESPONSE_BYTES_MAX) throw new Error('the answer is larger than 64 MiB');
      received.append(chunk);
    }
    const contentType = String(response.headers['content-type'] ?? '');
    return { status: response.statusCode, contentType, body: received.take() };
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const reason =
      code === 'ECONNREFUSED' ? 'nothing listens there; is the gateway running? (sallyport start)' : (code ?? message);
    throw new Error(`${url}: ${reason}`, { cause: thrown });
  }
}

/** The JSON-RPC response to the request, from a JSON body or from an event stream. */
function responseMessage(body: Buffer, contentType: string): JsonObject | undefined {
  const documents = isEventStream(contentType) ? eventData(body) : [body.toString()];
  return documents.map(parseJson).find(isResponse);
}

function isResponse(message: Json | undefined): message is JsonObject {
  if (!isObject(message)) return false;
  const { id } = message;
  return (id === REQUEST_ID || id === null || id === undefined) && ('result' in message || 'error' in message);
}

function eventData(body: Buffer): string[] {
  const documents: string[] = [];
  createSseParser(RESPONSE_BYTES_MAX, ({ data }) => documents.push(data.toString())).push(body);
  return documents;
}

function statusMessage(status: number): string {
  if (status === 401) return 'The gateway did not accept the credential in SALLYPORT_TOKEN.';
  return `The gateway answered with status ${status}.`;
}
