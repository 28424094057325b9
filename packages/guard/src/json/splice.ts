/** JSON-RPC messages as bytes, built around the bytes that the guard judged: what was judged is what is sent. */
import type { Json, JsonObject } from '../call.ts';

/**
 * A JSON-RPC request in parts.
 *
 * @example
 * ```ts
 * const ping: RequestParts = { id: 1, method: 'ping', params: {}, rawArguments: undefined };
 * ```
 */
export interface RequestParts {
  readonly id: number | string;
  readonly method: string;
  readonly params: JsonObject;
  /** Replaces `params.arguments`, byte for byte. */
  readonly rawArguments: Uint8Array | undefined;
}

/**
 * A JSON-RPC request whose `params.arguments` are the original bytes, if there are any.
 *
 * @example
 * ```ts
 * const params = { name: 'search', arguments: { n: 1 } };
 * const bytes = requestBytes({ id: 1, method: 'tools/call', params, rawArguments: Buffer.from('{"n":1.0}') });
 * ```
 */
export function requestBytes({ id, method, params, rawArguments }: RequestParts): Buffer {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(method)},"params":`;
  if (rawArguments === undefined) return Buffer.from(`${head}${JSON.stringify(params)}}`);
  const { arguments: _judged, ...rest } = params;
  const others = JSON.stringify(rest).slice(1, -1);
  const open = Buffer.from(`${head}{${others}${others === '' ? '' : ','}"arguments":`);
  return Buffer.concat([open, rawArguments, CLOSE_TWICE]);
}

const CLOSE_TWICE = Buffer.from('}}');
const CLOSE = Buffer.from('}');

/**
 * A JSON-RPC response around a result that is either a value or the bytes of one.
 *
 * @example
 * ```ts
 * const bytes = responseBytes('a1', { content: [] });
 * ```
 */
export function responseBytes(id: number | string, result: Uint8Array | Json): Buffer {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`;
  return result instanceof Uint8Array
    ? Buffer.concat([Buffer.from(head), result, CLOSE])
    : Buffer.from(`${head}${JSON.stringify(result)}}`);
}
