/**
 * A legacy server that first wants a person to open a URL fails with -32042 (2025-11-25). 2026-07-28 has no such
 * error: a modern client gets an input request instead, and its retry is a new call.
 */
import { isObject, type JsonObject, type McpResult } from '@sallyport/guard';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { inputRequired, isMultiRoundTrip, type InputRequest } from '@sallyport/server/mcp/results';
import { guardClientRequest } from '../../client-requests/send-to-client.ts';
import type { RunClientRequest } from '../../deps.ts';
import { remoteErrorOf } from '../../transports/failure.ts';
import type { ServerCall } from '../server-call.ts';
import type { RequestStates } from '@sallyport/server/request-state';

const STATE_TTL_MS = 15 * 60_000;
const URLS_MAX = 8;

/**
 * @param thrown what the call failed with.
 * @returns input requests for the URLs; `undefined` when the failure is another one, or malformed.
 * @throws GuardError what the guard refuses an input request with.
 */
export async function urlElicitations(
  runClientRequest: RunClientRequest,
  requestStates: RequestStates,
  call: ServerCall,
  thrown: unknown,
): Promise<McpResult | undefined> {
  const remote = remoteErrorOf(thrown);
  if (call.channel.era !== 'modern' || remote?.code !== RPC_ERROR.urlElicitationRequired) return undefined;
  const elicitations = isObject(remote.data) ? remote.data['elicitations'] : undefined;
  if (!Array.isArray(elicitations) || elicitations.length === 0) return undefined;
  if (!isMultiRoundTrip(call.permitted.call.method)) return undefined;
  const inputRequests: Record<string, InputRequest> = {};
  for (const [index, elicitation] of (elicitations as readonly unknown[]).entries()) {
    const params = urlParams(elicitation);
    if (params === undefined || index >= URLS_MAX) return undefined;
    await guardClientRequest(runClientRequest, call, 'elicitation/create', params, () => {
      inputRequests[`url${index + 1}`] = { method: 'elicitation/create', params };
      return Promise.resolve({});
    });
  }
  const requestState = requestStates.seal(call.permitted, { kind: 'new_call' }, STATE_TTL_MS);
  return { value: inputRequired(inputRequests, requestState) };
}

function urlParams(elicitation: unknown): JsonObject | undefined {
  if (!isObject(elicitation)) return undefined;
  const { url, message } = elicitation;
  return typeof url === 'string' && typeof message === 'string' ? { mode: 'url', message, url } : undefined;
}
