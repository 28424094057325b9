/**
 * One JSON-RPC message of a server, read with suspicion, but with tolerance for what honest servers do (JSON-RPC 2.0;
 * MCP, basic, messages). A result keeps its original bytes when they can be read in one way only; otherwise it is
 * serialised again from the value that was judged, so that nobody reads it differently.
 */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { JsonLimitError, parseStrict, type JsonLimits } from '@sallyport/guard/json';
import { isJsonRpc, isRequestId, type RequestId } from './json-rpc.ts';

/** Every message that a server may send, and what could not be read as one. */
export type ServerMessage =
  | {
      readonly kind: 'result';
      readonly id: RequestId;
      readonly value: JsonObject;
      readonly bytes: Uint8Array | undefined;
      /** Bytes that were received for it: also those of what the value does not hold, such as a doubled key. */
      readonly receivedBytes: number;
    }
  | {
      readonly kind: 'error';
      readonly id: RequestId | null;
      readonly code: number;
      readonly message: string;
      readonly data: Json | undefined;
    }
  | { readonly kind: 'request'; readonly id: RequestId; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
  /** `why` is the gateway's own text, for the log. */
  | { readonly kind: 'malformed'; readonly why: string };

const DEPTH_MAX = 100;
/** B6: reading so many members, or objects and lists, takes a fraction of a second in which nobody else goes on. */
const KEYS_MAX = 250_000;
/** Batches of honest servers answer batches, and the gateway sends none. */
const BATCH_MAX = 100;

/** @param bytes one JSON text: a message, or an array of messages (a batch, which 2025-03-26 has). Never throws. */
export function readServerMessages(bytes: Uint8Array, bytesMax: number): readonly ServerMessage[] {
  const limits: JsonLimits = { bytesMax, depthMax: DEPTH_MAX, keysMax: KEYS_MAX };
  let value: Json;
  let span: readonly [number, number] | undefined;
  try {
    const parsed = parseStrict(bytes, limits);
    value = parsed.value;
    if (isObject(value) && isObject(value['result'])) span = parsed.span('result');
  } catch (thrown) {
    if (thrown instanceof JsonLimitError) return [malformed('it costs too much to read')];
    const lenient = parseLenient(bytes, bytesMax);
    if (lenient === undefined) return [{ kind: 'malformed', why: 'not acceptable JSON' }];
    value = lenient;
  }
  if (Array.isArray(value)) {
    if (value.length > BATCH_MAX) return [malformed(`a batch of more than ${BATCH_MAX} messages`)];
    return (value as readonly Json[]).map((message) => readMessage(message, undefined, bytes.length));
  }
  const resultBytes = span && bytes.subarray(span[0], span[1]);
  return [readMessage(value, resultBytes, resultBytes?.length ?? bytes.length)];
}

/** Honest servers send inexact numbers and doubled keys often enough: such a result is passed on serialised again. */
function parseLenient(bytes: Uint8Array, bytesMax: number): Json | undefined {
  if (bytes.length > bytesMax) return undefined;
  try {
    const value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')) as Json;
    return isShallow(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isShallow(root: Json): boolean {
  const open: [Json, number][] = [[root, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    if (value === null || typeof value !== 'object') continue;
    if (depth >= DEPTH_MAX || Object.hasOwn(value, '__proto__')) return false;
    for (const item of Object.values(value)) open.push([item as Json, depth + 1]);
  }
  return true;
}

const malformed = (why: string): ServerMessage => ({ kind: 'malformed', why });

/** @param resultBytes the bytes of the message's `result`, when they can be read in one way only. */
function readMessage(value: Json, resultBytes: Uint8Array | undefined, receivedBytes: number): ServerMessage {
  if (!isObject(value) || !isJsonRpc(value)) return malformed('not a JSON-RPC 2.0 object');
  const { id, method, params = {}, result, error } = value;
  if (typeof method === 'string') {
    if (!isObject(params)) return malformed('params is not an object');
    if (id === undefined) return { kind: 'notification', method, params };
    return isRequestId(id) ? { kind: 'request', id, method, params } : malformed('a request with a bad id');
  }
  if (isObject(error) && typeof error['code'] === 'number') {
    if (id !== undefined && id !== null && !isRequestId(id)) return malformed('an error with a bad id');
    const message = typeof error['message'] === 'string' ? error['message'] : '';
    return { kind: 'error', id: id ?? null, code: error['code'], message, data: error['data'] };
  }
  if (!isRequestId(id)) return malformed('neither request, notification nor response');
  if (!isObject(result)) return malformed('the result is not an object');
  return { kind: 'result', id, value: result, bytes: resultBytes, receivedBytes };
}
