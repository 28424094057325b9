/**
 * Requests that a server makes of the client: only those that were declared and allowed, and only through the guard.
 */
import { GuardError, type JsonObject } from '@sallyport/guard';
import { metaOf } from '@sallyport/server/mcp/meta-keys';
import type { ServerCall } from '../calls/server-call.ts';
import type { RunClientRequest } from '../deps.ts';
import { openRelatedTask, sealRelatedTask } from '../tasks/task-ids.ts';
import { requireClientCapability } from './capabilities.ts';
import { withElicitationId } from './elicitation-id.ts';

/**
 * Puts a server's request through the guard.
 *
 * @param deliver hands the request to the client, with the params that the client gets, and waits for the answer.
 * @returns the answer as the server gets it.
 * @throws GuardError `missing_client_capability`, or what the guard refuses with.
 */
export async function guardClientRequest(
  runClientRequest: RunClientRequest,
  { permitted, channel, clientCapabilities, taskSeal }: ServerCall,
  method: string,
  params: JsonObject,
  deliver: (params: JsonObject) => Promise<JsonObject>,
): Promise<JsonObject> {
  if (permitted.call.credentials.kind === 'gateway') throw new GuardError('method_not_found');
  requireClientCapability(method, params, clientCapabilities);
  const sealed = sealRelatedTask(taskSeal, withoutProgressToken(params));
  const clientParams = withElicitationId(channel.era, method, sealed);
  const answer = await runClientRequest(permitted, method, clientParams, () => deliver(clientParams));
  return openRelatedTask(taskSeal, answer);
}

/** The server's token would have to be mapped back in both directions, and no client reports how far a person is. */
function withoutProgressToken(params: JsonObject): JsonObject {
  const meta = metaOf(params);
  if (meta?.['progressToken'] === undefined) return params;
  const { progressToken: _token, ...rest } = meta;
  return { ...params, _meta: rest };
}

/**
 * Sends a server's request to a legacy client on the client's own stream.
 *
 * @param withdrawn aborted when the server cancels it.
 */
export function sendToClient(
  runClientRequest: RunClientRequest,
  call: ServerCall,
  method: string,
  params: JsonObject,
  withdrawn?: AbortSignal,
): Promise<JsonObject> {
  const { request } = call.channel;
  if (request === undefined) return Promise.reject(new GuardError('missing_client_capability'));
  return guardClientRequest(runClientRequest, call, method, params, (clientParams) =>
    request(method, clientParams, withdrawn),
  );
}
