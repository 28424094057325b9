/** The input requests of a modern server: a result that asks the client for something before the call can go on. */
import { isObject, type JsonObject } from '@sallyport/guard';
import { isClientRequest } from '@sallyport/server/mcp/client-requests';
import { transportFailure } from '../../transports/failure.ts';
import { isMultiRoundTrip, type InputRequest } from '@sallyport/server/mcp/results';

const INPUT_REQUESTS_MAX = 32;

/**
 * @returns the input requests by key; none when the server only wants its state back.
 * @throws GuardError `upstream_failed` when the server asks in a way that 2026-07-28 does not allow.
 */
export function inputRequestsOf(method: string, result: JsonObject): ReadonlyMap<string, InputRequest> {
  const { inputRequests, requestState } = result;
  if (!isMultiRoundTrip(method)) throw transportFailure('input requests for a method that cannot have them');
  if (inputRequests === undefined ? typeof requestState !== 'string' : !isObject(inputRequests))
    throw transportFailure('input_required without input requests');
  const found = new Map<string, InputRequest>();
  for (const [key, request] of isObject(inputRequests) ? Object.entries(inputRequests) : []) {
    const { method: requested, params } = isObject(request) ? request : {};
    if (typeof requested !== 'string' || !isClientRequest(requested))
      throw transportFailure('a malformed input request');
    found.set(key, { method: requested, params: isObject(params) ? params : {} });
  }
  if (found.size > INPUT_REQUESTS_MAX) throw transportFailure('too many input requests');
  return found;
}
