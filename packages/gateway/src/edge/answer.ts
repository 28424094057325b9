/** How an outcome ends: what the client is told, and with which status. One table (`ERRORS`) decides. */
import { GuardError, type ErrorCode, type Json, type JsonObject, type McpResult, type Outcome } from '@sallyport/guard';
import { responseBytes } from '@sallyport/guard/json';
import { isObject, type RequestId } from './envelope.ts';
import { listed, rewriteResult, type Route } from './names/route.ts';

export interface Ended {
  readonly status: number;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Refusals that a model can act on, so a tool call gets them as a tool result. */
const FOR_THE_MODEL = new Set<ErrorCode>([
  'invalid_input', 'not_permitted', 'rate_limited', 'approval_required', 'approval_refused', 'quarantined', 'upstream_failed', 'upstream_timeout',
  'output_blocked', 'result_withheld',
]);

export interface Asked {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  readonly era: 'legacy' | 'modern';
  readonly route: Route;
}

export function endOf(outcome: Outcome, asked: Asked): Ended {
  if (outcome.status === 'success') return { status: 200, bytes: responseBytes(asked.id, resultOf(outcome.result, asked, outcome)), headers: {} };
  const { error } = outcome;
  const headers = { ...error.detail.headers, ...(error.detail.retryAfter !== undefined && { 'Retry-After': String(Math.ceil(error.detail.retryAfter)) }) };
  if (asked.method === 'tools/call' && outcome.principal !== undefined && error.detail.rpc === undefined && FOR_THE_MODEL.has(error.code)) {
    return { status: 200, bytes: responseBytes(asked.id, toolError(error, outcome.correlationId, asked.era)), headers };
  }
  return { ...errorEnd(error, asked.id, outcome.correlationId, asked), headers };
}

function toolError(error: GuardError, correlationId: string, era: 'legacy' | 'modern'): JsonObject {
  const { row, detail, message } = error;
  const suggestion = detail.suggestion ?? row.suggestion;
  const structuredContent = {
    ...detail.data, error_code: row.errorCode, message, ...(suggestion !== undefined && { suggestion }),
    ...(detail.retryAfter !== undefined && { retry_after: detail.retryAfter }), correlation_id: correlationId,
  };
  const said = `${row.errorCode}: ${message}${suggestion === undefined ? '' : ` ${suggestion}`}${detail.retryAfter === undefined ? '' : ` Retry after ${detail.retryAfter} s.`}`;
  return { content: [{ type: 'text', text: said }], structuredContent, isError: true, ...(era === 'modern' && { resultType: 'complete' }) };
}

/** A JSON-RPC error body; without an id when there is none to answer (MCP, unlike JSON-RPC, knows no `null` there). */
export function errorEnd(error: GuardError, id: RequestId | null, correlationId: string, asked?: Asked): Ended {
  const { row, detail, message } = error;
  const relayed = detail.rpc;
  const data: JsonObject = relayed === undefined
    ? { ...detail.data, ...notFoundUri(error, asked), error_code: row.errorCode, correlation_id: correlationId, ...(detail.retryAfter !== undefined && { retry_after: detail.retryAfter }) }
    : { ...(isObject(relayed.data) ? relayed.data : {}), correlation_id: correlationId };
  const code = relayed?.code ?? legacyCode(error, asked) ?? row.jsonRpc;
  const body = { jsonrpc: '2.0', ...(id !== null && { id }), error: { code, message, data } };
  return { status: statusOf(error, asked), bytes: Buffer.from(JSON.stringify(body)), headers: {} };
}

/** Errors that modern HTTP must show in the status line, also when a server behind the gateway raised them. */
function statusOf(error: GuardError, asked: Asked | undefined): number {
  const code = error.detail.rpc?.code;
  if (code === undefined) return error.code === 'method_not_found' && asked?.era === 'legacy' ? 200 : error.row.http;
  if (asked?.era === 'modern' && code === -32601) return 404;
  return asked?.era === 'modern' && (code === -32021 || code === -32020 || code === -32022) ? 400 : 200;
}

const isRead = (asked: Asked | undefined): boolean => asked?.method === 'resources/read' || asked?.method === 'resources/subscribe';
const legacyCode = (error: GuardError, asked: Asked | undefined): number | undefined => (error.code === 'not_found' && asked?.era === 'legacy' && isRead(asked) ? -32002 : undefined);
const notFoundUri = (error: GuardError, asked: Asked | undefined): JsonObject => (error.code === 'not_found' && isRead(asked) ? { uri: asked?.params['uri'] as Json } : {});

const LIST_MEMBER: Readonly<Record<string, string>> = { 'tools/list': 'tools', 'prompts/list': 'prompts', 'resources/list': 'resources', 'resources/templates/list': 'resourceTemplates' };
const CACHEABLE = new Set(['server/discover', 'tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read']);
const HINTS = ['ttlMs', 'cacheScope', 'resultType'];

/** The result as this client must see it; the original bytes when nothing has to change. */
function resultOf(result: McpResult, { method, era, route }: Asked, outcome: Outcome): Uint8Array | JsonObject {
  const { value, items, bytes } = result;
  if (items !== undefined) {
    const list = { ...value, [LIST_MEMBER[method] ?? 'items']: items.map((item) => listed(item, route)) };
    return era === 'modern' ? { ...list, resultType: 'complete', ttlMs: boundedTtl(value['ttlMs']), cacheScope: 'private' } : without(list, HINTS);
  }
  const renamed = route.server === undefined && outcome.definition !== undefined ? rewriteResult(value, outcome.definition.server) : value;
  if (era === 'legacy') return renamed === value && !HINTS.some((hint) => hint in value) ? (bytes ?? value) : without(renamed, HINTS);
  const hinted = CACHEABLE.has(method) && value['resultType'] !== 'input_required';
  if (!hinted && renamed === value && value['resultType'] !== undefined) return bytes ?? value;
  return {
    ...renamed, resultType: value['resultType'] ?? 'complete',
    // What one caller may see says nothing of what another may: nothing from here may be shared between them.
    ...(hinted && { ttlMs: boundedTtl(value['ttlMs']), cacheScope: 'private' }),
  };
}

const TTL_MAX_MS = 60_000;
const boundedTtl = (ttl: Json | undefined): number => (typeof ttl === 'number' && ttl > 0 ? Math.min(Math.trunc(ttl), TTL_MAX_MS) : 0);

function without(value: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !members.includes(key)));
}
