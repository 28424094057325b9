/** Since 2026-07-28 there is no GET and no DELETE: a request that names this version gets 405. */
import { MODERN_VERSION } from '../../mcp/revisions.ts';
import { HEADER } from '../../mcp/headers.ts';
import type { HttpEdgeContext, RequestContext } from './context.ts';
import { reportRequest, respondEmpty } from './respond.ts';

/** True when the request names 2026-07-28 in its header. */
export const isModernRequest = ({ request }: RequestContext): boolean =>
  request.headers[HEADER.protocolVersion] === MODERN_VERSION;

/** Responds with 405 to a request that must be a POST. */
export function respondPostOnly(edge: HttpEdgeContext, context: RequestContext): void {
  respondEmpty(context.response, 405, { ...context.headers, Allow: 'POST' });
  reportRequest(edge, context, context.request.method ?? '', undefined);
}
