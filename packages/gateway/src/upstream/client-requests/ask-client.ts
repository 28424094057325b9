/** A request that a server makes of the client: only what was declared and allowed, and only through the guard. */
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { Run } from '../calls/run.ts';
import type { ClientRequest } from '../deps.ts';
import { requireAskable } from './capabilities.ts';
import { withElicitationId } from './elicitation-id.ts';
import { openRelated, sealRelated } from '../calls/tasks.ts';
import { metaOf } from '../../mcp/meta-keys.ts';

/**
 * @param deliver hands the request to the client and waits for its answer.
 * @throws GuardError `missing_client_capability`, or what the guard refuses with.
 */
export async function askClient(
  clientRequest: ClientRequest,
  run: Run,
  { method, params }: { method: string; params: JsonObject },
  deliver: (params: JsonObject) => Promise<JsonObject>,
): Promise<JsonObject> {
  if (run.permitted.call.credentials.kind === 'gateway') throw new GuardError('method_not_found');
  requireAskable(method, params, run.capabilities);
  const clean = withElicitationId(run.relay.era, method, sealRelated(run.seal, withoutProgressToken(params)));
  return openRelated(run.seal, await clientRequest(run.permitted, method, clean, () => deliver(clean)));
}

/** The server's token would have to be mapped back on the way; no client reports progress of an answer by a person. */
function withoutProgressToken(params: JsonObject): JsonObject {
  const meta = metaOf(params);
  if (meta?.['progressToken'] === undefined) return params;
  const { progressToken: _token, ...rest } = meta;
  return { ...params, _meta: rest };
}

/** Asks a legacy client on its own stream. */
export function askDirectly(
  clientRequest: ClientRequest,
  run: Run,
  { method, params }: { method: string; params: JsonObject },
  withdrawn?: AbortSignal,
): Promise<JsonObject> {
  const { request: ask } = run.relay;
  if (ask === undefined) return Promise.reject(new GuardError('missing_client_capability'));
  return askClient(clientRequest, run, { method, params }, (clean) => ask(method, clean, withdrawn));
}
