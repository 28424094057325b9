/** One JSON-RPC 2.0 message out of strictly parsed JSON: exact keys, an id that is a string or an integer, no batch. */
import { GuardError, type Json, type JsonObject } from '@sallyport/guard';
import type { ParsedJson } from '@sallyport/guard/json';

export type RequestId = string | number;

export type Message =
  | { readonly kind: 'request'; readonly id: RequestId; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
  | {
      readonly kind: 'response';
      readonly id: RequestId;
      readonly result: JsonObject | undefined;
      readonly error: JsonObject | undefined;
    };

const KEYS = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
const ID_BYTES_MAX = 256;
const METHOD = /^[A-Za-z][A-Za-z0-9_/$.-]{0,127}$/;

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (message: string): GuardError => new GuardError('invalid_request', { message });

/** @throws GuardError `invalid_request` saying what is wrong with the envelope. */
export function readEnvelope({ value }: ParsedJson): Message {
  if (Array.isArray(value)) throw invalid('Batches are not part of MCP: send one message a request.');
  if (!isObject(value)) throw invalid('A JSON-RPC message is an object.');
  if (!Object.keys(value).every((key) => KEYS.has(key)))
    throw invalid('The message has a member that JSON-RPC 2.0 does not know.');
  const { jsonrpc, id, method, params, result, error } = value;
  if (jsonrpc !== '2.0') throw invalid('jsonrpc must be "2.0".');
  if (method === undefined) return readResponse(id, result, error);
  if (typeof method !== 'string' || !METHOD.test(method)) throw invalid('method must be the name of a method.');
  if (result !== undefined || error !== undefined) throw invalid('A message has either a method or a result.');
  if (params !== undefined && !isObject(params)) throw invalid('params must be an object.');
  const read = { method, params: (params ?? {}) as JsonObject };
  return 'id' in value ? { kind: 'request', id: readId(id), ...read } : { kind: 'notification', ...read };
}

function readResponse(id: Json | undefined, result: Json | undefined, error: Json | undefined): Message {
  if ((result === undefined) === (error === undefined)) throw invalid('A message has a method, a result or an error.');
  if ((result !== undefined && !isObject(result)) || (error !== undefined && !isObject(error)))
    throw invalid('result and error must be objects.');
  return {
    kind: 'response',
    id: readId(id),
    result: result as JsonObject | undefined,
    error: error as JsonObject | undefined,
  };
}

function readId(id: Json | undefined): RequestId {
  if (typeof id === 'string' && id.length <= ID_BYTES_MAX) return id;
  if (typeof id === 'number' && Number.isSafeInteger(id)) return id;
  throw invalid('id must be a string or an integer.');
}
