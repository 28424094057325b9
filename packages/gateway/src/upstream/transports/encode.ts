/** JSON-RPC messages that the gateway writes. */
import { asGuardError, type JsonObject } from '@sallyport/guard';
import { requestBytes } from '@sallyport/guard/json';
import type { OutboundRequest } from '../transports/transport.ts';
import type { RequestId } from '../../mcp/json-rpc.ts';
import { metaOf } from '../../mcp/meta-keys.ts';

/** A request under our own id, which doubles as its progress token: a token of the caller never leaves the gateway. */
export function encodeRequest(id: number, ask: OutboundRequest): Buffer {
  const params = ask.wantsProgress
    ? { ...ask.params, _meta: { ...metaOf(ask.params), progressToken: id } }
    : ask.params;
  return requestBytes({ id, method: ask.method, params, rawArguments: ask.rawArguments });
}

export function encodeNotification(method: string, params: JsonObject): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params }));
}

/** The answer to a request that a server made of the client. Refusals name no reason that the policy did not mean to give. */
export async function encodeReply(id: RequestId, answer: Promise<JsonObject>): Promise<Buffer> {
  try {
    return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: await answer }));
  } catch (thrown) {
    const error = asGuardError(thrown);
    const code =
      error.detail.rpc?.code ??
      (error.code === 'missing_client_capability' || error.code === 'method_not_found'
        ? -32601
        : error.code === 'not_permitted'
          ? -1
          : -32603);
    return Buffer.from(
      JSON.stringify({
        jsonrpc: '2.0',
        id,
        error: { code, message: error.code === 'internal' ? 'The client could not answer.' : error.message },
      }),
    );
  }
}
