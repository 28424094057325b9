/**
 * One JSON-RPC message of a client, read strictly (JSON-RPC 2.0; MCP, basic, messages): exact members, an id that is a
 * string or an integer, no batch.
 */
import { GuardError, isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { ParsedJson } from '@sallyport/guard/json';
import { isJsonRpc, isRequestId, MESSAGE_MEMBERS, type RequestId } from './json-rpc.ts';

/** A request of a client to the gateway or to a server behind it. */
export interface RequestMessage {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
}

/** A message that has no id and gets no response. */
export interface NotificationMessage {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: JsonObject;
}

/** The response of a client to a request of a server: it has exactly one of result and error. */
export interface ResponseMessage {
  readonly kind: 'response';
  readonly id: RequestId;
  readonly result: JsonObject | undefined;
  readonly error: JsonObject | undefined;
}

/** Every message that a client may send. */
export type ClientMessage = RequestMessage | NotificationMessage | ResponseMessage;

const ID_CHARACTERS_MAX = 256;
const METHOD = /^[A-Za-z][A-Za-z0-9_/$.-]{0,127}$/;

const invalid = (message: string): GuardError => new GuardError('invalid_request', { message });

/** @throws GuardError `invalid_request`, which says what is wrong with the message. */
export function readClientMessage({ value }: ParsedJson): ClientMessage {
  if (Array.isArray(value)) throw invalid('Batches are not part of MCP: send one message a request.');
  if (!isObject(value)) throw invalid('A JSON-RPC message is an object.');
  if (!Object.keys(value).every((key) => MESSAGE_MEMBERS.has(key)))
    throw invalid('The message has a member that JSON-RPC 2.0 does not know.');
  if (!isJsonRpc(value)) throw invalid('jsonrpc must be "2.0".');
  const { id, method, params = {}, result, error } = value;
  if (method === undefined) return readResponse(id, result, error);
  if (typeof method !== 'string' || !METHOD.test(method)) throw invalid('method must be the name of a method.');
  if (result !== undefined || error !== undefined) throw invalid('A message has either a method or a result.');
  if (!isObject(params)) throw invalid('params must be an object.');
  return 'id' in value ? { kind: 'request', id: readId(id), method, params } : { kind: 'notification', method, params };
}

function readResponse(id: Json | undefined, result: Json | undefined, error: Json | undefined): ClientMessage {
  if ((result === undefined) === (error === undefined)) throw invalid('A message has a method, a result or an error.');
  if (!isObjectOrAbsent(result) || !isObjectOrAbsent(error)) throw invalid('result and error must be objects.');
  return { kind: 'response', id: readId(id), result, error };
}

const isObjectOrAbsent = (value: Json | undefined): value is JsonObject | undefined =>
  value === undefined || isObject(value);

function readId(id: Json | undefined): RequestId {
  if (!isRequestId(id) || (typeof id === 'string' && id.length > ID_CHARACTERS_MAX))
    throw invalid('id must be a string or an integer.');
  return id;
}
