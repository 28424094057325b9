/**
 * JSON-RPC 2.0 as MCP uses it (MCP, basic, messages): ids are strings or integers, and there are no batches since
 * 2025-06-18. Reading is in `client-message.ts` (strict) and `server-message.ts` (tolerant).
 */
import type { Json, JsonObject } from '@sallyport/guard';

/** What a response has in common with its request. */
export type RequestId = string | number;

/** Any length: the gateway limits the ids of clients only, because it chooses those of its own requests. */
export const isRequestId = (value: unknown): value is RequestId =>
  typeof value === 'string' || Number.isSafeInteger(value);

/** Every member that a message may have. */
export const MESSAGE_MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);

const jsonrpc = '2.0';

/** True for a message of JSON-RPC 2.0, whatever else is wrong with it. */
export const isJsonRpc = (value: JsonObject): boolean => value['jsonrpc'] === jsonrpc;

/** The error of a response. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
}

/** A message that asks for a response. */
export const requestMessage = (id: RequestId, method: string, params: JsonObject) => ({ jsonrpc, id, method, params });

/** A message that gets no response. */
export const notificationMessage = (method: string, params: JsonObject) => ({ jsonrpc, method, params });

/** The response to a request that succeeded. */
export const resultMessage = (id: RequestId, result: JsonObject) => ({ jsonrpc, id, result });

/** @param id `null` when the request had none that could be read: MCP, unlike JSON-RPC, leaves the id out then. */
export const errorMessage = (id: RequestId | null, error: RpcError) => ({
  jsonrpc,
  ...(id !== null && { id }),
  error,
});
