/**
 * One JSON-RPC message from a server, read with suspicion. A result keeps its original bytes when they can be read in
 * one way only; otherwise it is re-serialised from the value that was judged, so that nobody reads it differently.
 */
import type { Json, JsonObject } from '@sallyport/guard';
import { parseStrict, type JsonLimits } from '@sallyport/guard/json';

export type RequestId = string | number;

export type ServerMessage =
  | {
      readonly kind: 'result';
      readonly id: RequestId;
      readonly value: JsonObject;
      readonly bytes: Uint8Array | undefined;
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
  | { readonly kind: 'malformed'; readonly why: string };

export const DEPTH_MAX = 100;
const MAX_KEYS = 1_000_000;

/** @param bytes one JSON text: a message, or an array of them (batches of 2025-03-26 and before). Never throws. */
export function readMessages(bytes: Uint8Array, maxBytes: number): readonly ServerMessage[] {
  const limits: JsonLimits = { maxBytes, maxDepth: DEPTH_MAX, maxKeys: MAX_KEYS };
  let value: Json;
  let span: readonly [number, number] | undefined;
  try {
    const parsed = parseStrict(bytes, limits);
    value = parsed.value;
    if (isObject(value) && isObject(value['result'])) span = parsed.span('result');
  } catch {
    const lenient = parseLenient(bytes, maxBytes);
    if (lenient === undefined) return [{ kind: 'malformed', why: 'not acceptable JSON' }];
    value = lenient;
  }
  if (Array.isArray(value)) return (value as readonly Json[]).map((one) => classify(one, undefined));
  return [classify(value, span && bytes.subarray(span[0], span[1]))];
}

/** Inexact numbers and doubled keys are common enough in honest servers: such an answer is passed on re-serialised. */
function parseLenient(bytes: Uint8Array, maxBytes: number): Json | undefined {
  if (bytes.length > maxBytes) return undefined;
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

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

const isId = (value: unknown): value is RequestId => typeof value === 'string' || Number.isSafeInteger(value);

function classify(value: Json, bytes: Uint8Array | undefined): ServerMessage {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return { kind: 'malformed', why: 'not a JSON-RPC 2.0 object' };
  const { id, method, params = {}, result, error } = value;
  if (typeof method === 'string') {
    if (!isObject(params)) return { kind: 'malformed', why: 'params is not an object' };
    if (id === undefined) return { kind: 'notification', method, params };
    return isId(id) ? { kind: 'request', id, method, params } : { kind: 'malformed', why: 'a request with a bad id' };
  }
  if (isObject(error) && typeof error['code'] === 'number') {
    if (id !== undefined && id !== null && !isId(id)) return { kind: 'malformed', why: 'an error with a bad id' };
    const message = typeof error['message'] === 'string' ? error['message'] : '';
    return { kind: 'error', id: id ?? null, code: error['code'], message, data: error['data'] };
  }
  if (!isId(id)) return { kind: 'malformed', why: 'neither request, notification nor response' };
  return isObject(result)
    ? { kind: 'result', id, value: result, bytes }
    : { kind: 'malformed', why: 'the result is not an object' };
}
