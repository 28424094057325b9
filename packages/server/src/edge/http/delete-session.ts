/** DELETE of the legacy revisions: the client ends its session. */
import { spendPermit } from '@sallyport/guard';
import { HEADER } from '../../mcp/headers.ts';
import { runCall } from '../exchange/run-call.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { credentialsOf, inboundMessage, type HttpEdgeContext, type RequestContext } from './context.ts';
import { readLegacy } from './legacy.ts';
import { isModernRequest, respondPostOnly } from './modern-request.ts';
import { reportRequest, respondEmpty, respondRefused } from './respond.ts';

/** Answers a DELETE. @throws GuardError when the request cannot become a call. */
export async function handleDelete(edge: HttpEdgeContext, context: RequestContext): Promise<void> {
  const id = context.request.headers[HEADER.sessionId];
  if (isModernRequest(context) || typeof id !== 'string') return respondPostOnly(edge, context);
  const sender = await readLegacy(edge, context.request);
  const inbound = inboundMessage(
    context,
    sender,
    await credentialsOf(edge, context),
    new AbortController().signal,
    undefined,
  );
  const call = toInternalCall(edge, 'session/end', {}, inbound);
  const outcome = await runCall(edge, inbound, call, async (permit) => {
    spendPermit(permit);
    const opened = await edge.readSession(id);
    if (opened !== undefined) await edge.sessions.end(id, opened.expiresAtMs);
    edge.live.end(id);
    return { value: {} };
  });
  if (outcome.status === 'success') respondEmpty(context.response, 200, context.headers);
  else respondRefused(context, outcome.error, outcome.error.code === 'not_found' ? 404 : undefined);
  reportRequest(edge, context, 'session/end', outcome.tenant?.id);
}
