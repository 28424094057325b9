/**
 * A modern server asks for input, and the client is modern: it gets the input requests, with the server's state sealed.
 */
import type { JsonObject, McpResult } from '@sallyport/guard';
import type { InputRequest } from '@sallyport/server/mcp/results';
import { guardClientRequest } from '../../client-requests/send-to-client.ts';
import type { RunClientRequest } from '../../deps.ts';
import { sealTasksOfResult } from '../../tasks/task-ids.ts';
import { taskOriginOf, type ServerCall } from '../server-call.ts';
import { inputRequestsOf } from './input-requests.ts';
import type { RequestState, RequestStates } from '@sallyport/server/request-state';

const STATE_TTL_MS = 15 * 60_000;

/** @throws GuardError what the guard refuses an input request with, or `upstream_failed` for a malformed one. */
export async function forwardInputRequests(
  runClientRequest: RunClientRequest,
  requestStates: RequestStates,
  call: ServerCall,
  result: JsonObject,
): Promise<McpResult> {
  const { permitted, taskSeal } = call;
  const requests = inputRequestsOf(permitted.call.method, result);
  const permittedRequests: Record<string, InputRequest> = {};
  await Promise.all(
    [...requests].map(([key, { method, params }]) =>
      guardClientRequest(runClientRequest, call, method, params, (clientParams) => {
        // Delivered with this result; the answer comes with the retry.
        permittedRequests[key] = { method, params: clientParams };
        return Promise.resolve({});
      }),
    ),
  );
  const { requestState, inputRequests: _inputRequests, ...rest } = result;
  const state: RequestState = {
    kind: 'server',
    state: typeof requestState === 'string' ? requestState : null,
    keys: [...requests.keys()],
  };
  return {
    value: {
      ...sealTasksOfResult(taskSeal, permitted.call.method, rest, taskOriginOf(call)),
      ...(requests.size > 0 && { inputRequests: permittedRequests }),
      requestState: requestStates.seal(permitted, state, STATE_TTL_MS),
    },
  };
}
