/**
 * A legacy server that wants a person to open a URL first fails with -32042 (2025-11-25). 2026-07-28 has no such error:
 * a modern client is asked for the same as input, and its retry makes the call anew.
 */
import { isObject, type McpResult } from '@sallyport/guard';
import { remoteErrorOf } from '../transports/failure.ts';
import { askClient } from '../client-requests/ask-client.ts';
import type { CallDeps, Run } from '../calls/run.ts';
import { MULTI_ROUND, sealState } from '../calls/request-state.ts';
import { RPC_ERROR } from '../../mcp/error-codes.ts';

const AGAIN_MS = 15 * 60_000;

/** @returns the question to the client, or throws what was thrown when this is not such a case. */
export async function asInputRequired(bridge: CallDeps, run: Run, thrown: unknown): Promise<McpResult> {
  const remote = remoteErrorOf(thrown);
  const data = isObject(remote?.data) ? remote.data['elicitations'] : undefined;
  if (
    run.relay.era !== 'modern' ||
    remote?.code !== RPC_ERROR.urlElicitationRequired ||
    !Array.isArray(data) ||
    data.length === 0 ||
    !MULTI_ROUND.has(run.permitted.call.method)
  )
    throw thrown;
  const inputRequests: Record<string, { method: string; params: Record<string, string> }> = {};
  for (const [at, item] of data.entries()) {
    if (!isObject(item) || typeof item['url'] !== 'string' || typeof item['message'] !== 'string' || at >= 8)
      throw thrown;
    const params = { mode: 'url', message: item['message'], url: item['url'] };
    await askClient(bridge.clientRequest, run, { method: 'elicitation/create', params }, () => {
      inputRequests[`url${at + 1}`] = { method: 'elicitation/create', params };
      return Promise.resolve({});
    });
  }
  return {
    value: {
      resultType: 'input_required',
      inputRequests,
      requestState: sealState(bridge, run.permitted, { kind: 'again' }, AGAIN_MS),
    },
  };
}
