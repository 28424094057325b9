/**
 * A modern server asks for input, and the client is legacy: the client is asked at once, and the call is sent again.
 */
import type { JsonObject } from '@sallyport/guard';
import { sendToClient } from '../../client-requests/send-to-client.ts';
import type { RunClientRequest } from '../../deps.ts';
import type { ServerCall } from '../server-call.ts';
import { inputRequestsOf } from './input-requests.ts';

/** @returns the members of params that the repeated call has in addition. @throws GuardError as `sendToClient`. */
export async function answerInputRequests(
  runClientRequest: RunClientRequest,
  call: ServerCall,
  result: JsonObject,
): Promise<JsonObject> {
  const requests = inputRequestsOf(call.permitted.call.method, result);
  const responses = await Promise.all(
    [...requests].map(
      async ([key, { method, params }]) => [key, await sendToClient(runClientRequest, call, method, params)] as const,
    ),
  );
  const { requestState } = result;
  return {
    ...(responses.length > 0 && { inputResponses: Object.fromEntries(responses) }),
    ...(typeof requestState === 'string' && { requestState }),
  };
}
