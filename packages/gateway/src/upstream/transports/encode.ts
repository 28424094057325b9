/** JSON-RPC messages that the gateway writes to servers. */
import { asGuardError, type GuardError, type JsonObject } from '@sallyport/guard';
import { requestBytes } from '@sallyport/guard/json';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { errorMessage, notificationMessage, resultMessage, type RequestId } from '@sallyport/server/mcp/json-rpc';
import { metaOf } from '@sallyport/server/mcp/meta-keys';
import type { OutboundRequest } from './transport.ts';

/** A request under the gateway's own id, which is its progress token too: the caller's token is not sent on. */
export function encodeRequest(id: number, { method, params, rawArguments, wantsProgress }: OutboundRequest): Buffer {
  if (!wantsProgress) return requestBytes({ id, method, params, rawArguments });
  const meta = { ...metaOf(params), progressToken: id };
  return requestBytes({ id, method, params: { ...params, _meta: meta }, rawArguments });
}

/** A notification of the gateway. */
export function encodeNotification(method: string, params: JsonObject): Buffer {
  return Buffer.from(JSON.stringify(notificationMessage(method, params)));
}

/** The response to a request that a server made of the client. A refusal tells no more than its message. */
export async function encodeResponse(id: RequestId, result: Promise<JsonObject>): Promise<Buffer> {
  try {
    return Buffer.from(JSON.stringify(resultMessage(id, await result)));
  } catch (thrown) {
    const error = asGuardError(thrown);
    const message = error.code === 'internal' ? 'The client could not answer.' : error.message;
    return Buffer.from(JSON.stringify(errorMessage(id, { code: rpcCodeOf(error), message })));
  }
}

function rpcCodeOf({ code, detail }: GuardError): number {
  if (detail.rpc !== undefined) return detail.rpc.code;
  if (code === 'missing_client_capability' || code === 'method_not_found') return RPC_ERROR.methodNotFound;
  return code === 'not_permitted' ? RPC_ERROR.refusedByClient : RPC_ERROR.internal;
}
