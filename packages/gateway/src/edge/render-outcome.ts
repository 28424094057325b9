/** How an outcome ends: what the client is told, and with which status. One table (`ERRORS`) decides. */
import {
  isObject,
  refusalResult,
  type ErrorCode,
  type GuardError,
  type Json,
  type JsonObject,
  type McpResult,
  type Outcome,
} from '@sallyport/guard';
import { responseBytes } from '@sallyport/guard/json';
import { type RequestId } from '../mcp/json-rpc.ts';
import { askToWait } from './eras/approval-wait.ts';
import { hasObjectOutput, withObjectOutput } from './eras/object-output.ts';
import { listed, type Route } from './names/route.ts';
import { rewriteResult } from './names/rewrite-result.ts';

export interface RenderedResponse {
  readonly status: number;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Refusals that a model can act on, so a tool call gets them as a tool result. */
const FOR_THE_MODEL = new Set<ErrorCode>([
  'invalid_input',
  'not_permitted',
  'rate_limited',
  'approval_required',
  'approval_refused',
  'quarantined',
  'upstream_failed',
  'upstream_timeout',
  'output_blocked',
  'result_withheld',
]);

export interface AnsweredRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  readonly era: 'legacy' | 'modern';
  readonly route: Route;
  /** The server that answered, when it was one. */
  readonly from?: string | undefined;
  /** Whom modern results say they come from. */
  readonly serverInfo?: JsonObject | undefined;
  /** Of a client that can be asked to wait for an approval. */
  readonly capabilities?: JsonObject | undefined;
}

export function renderOutcome(outcome: Outcome, asked: AnsweredRequest): RenderedResponse {
  if (outcome.status === 'success')
    return { status: 200, bytes: responseBytes(asked.id, resultOf(outcome.result, asked)), headers: {} };
  const { error } = outcome;
  const headers = {
    ...error.detail.headers,
    ...(error.detail.retryAfterSeconds !== undefined && {
      'Retry-After': String(Math.ceil(error.detail.retryAfterSeconds)),
    }),
  };
  if (
    asked.method === 'tools/call' &&
    outcome.principal !== undefined &&
    error.detail.rpc === undefined &&
    FOR_THE_MODEL.has(error.code)
  ) {
    const wait = asked.capabilities && askToWait(error, asked.params, asked.capabilities);
    return {
      status: 200,
      bytes: responseBytes(
        asked.id,
        wait === undefined ? toolError(error, outcome.correlationId, asked) : modern(wait, asked),
      ),
      headers,
    };
  }
  return { ...renderError(error, asked.id, outcome.correlationId, asked), headers };
}

const toolError = (error: GuardError, correlationId: string, asked: AnsweredRequest): JsonObject => ({
  ...refusalResult(error, correlationId),
  ...(asked.era === 'modern' && { resultType: 'complete', _meta: signed(undefined, asked) }),
});

/** A JSON-RPC error body; without an id when there is none to answer (MCP, unlike JSON-RPC, knows no `null` there). */
export function renderError(
  error: GuardError,
  id: RequestId | null,
  correlationId: string,
  asked?: AnsweredRequest,
): RenderedResponse {
  const { row, detail, message } = error;
  const relayed = detail.rpc;
  const data: JsonObject =
    relayed === undefined
      ? {
          ...detail.data,
          ...notFoundUri(error, asked),
          error_code: row.errorCode,
          correlation_id: correlationId,
          ...(detail.retryAfterSeconds !== undefined && { retry_after: detail.retryAfterSeconds }),
        }
      : { ...(isObject(relayed.data) ? relayed.data : {}), correlation_id: correlationId };
  const code = relayedCode(relayed?.code, asked) ?? legacyCode(error, asked) ?? row.jsonRpc;
  const body = { jsonrpc: '2.0', ...(id !== null && { id }), error: { code, message, data } };
  return { status: statusOf(error, asked), bytes: Buffer.from(JSON.stringify(body)), headers: {} };
}

/** Legacy clients read JSON-RPC errors from answers with 200; of another status they know only that sending failed. */
const IN_THE_BODY = new Set<ErrorCode>(['method_not_found', 'invalid_params']);

/** Errors that modern HTTP must show in the status line, also when a server behind the gateway raised them. */
function statusOf(error: GuardError, asked: AnsweredRequest | undefined): number {
  const code = error.detail.rpc?.code;
  if (code === undefined) return asked?.era === 'legacy' && IN_THE_BODY.has(error.code) ? 200 : error.row.http;
  if (asked?.era === 'modern' && code === -32601) return 404;
  return asked?.era === 'modern' && (code === -32021 || code === -32020 || code === -32022) ? 400 : 200;
}

/** -32002 is what 2026-07-28 calls -32602, and must not be sent any more. */
const relayedCode = (code: number | undefined, asked: AnsweredRequest | undefined): number | undefined =>
  code === -32002 && asked?.era === 'modern' ? -32602 : code;

const isRead = (asked: AnsweredRequest | undefined): boolean =>
  asked?.method === 'resources/read' || asked?.method === 'resources/subscribe';
const legacyCode = (error: GuardError, asked: AnsweredRequest | undefined): number | undefined =>
  error.code === 'not_found' && asked?.era === 'legacy' && isRead(asked) ? -32002 : undefined;
const notFoundUri = (error: GuardError, asked: AnsweredRequest | undefined): JsonObject =>
  error.code === 'not_found' && isRead(asked) ? { uri: asked?.params['uri'] as Json } : {};

const LIST_MEMBER: Readonly<Record<string, string>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
};
const CACHEABLE = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);
const HINTS = ['ttlMs', 'cacheScope', 'resultType'];

/** The result as this client must see it; the original bytes when nothing has to change. */
function resultOf({ value, items, bytes }: McpResult, asked: AnsweredRequest): Uint8Array | JsonObject {
  const { method, era, route } = asked;
  if (items !== undefined) {
    const shown = items.map((item) => (era === 'modern' ? listed(item, route) : withObjectOutput(listed(item, route))));
    const list = { ...value, [LIST_MEMBER[method] ?? 'items']: shown };
    return era === 'modern' ? modern(list, asked) : without(list, HINTS);
  }
  const renamed = route.server === undefined && asked.from !== undefined ? rewriteResult(value, asked.from) : value;
  if (era === 'legacy')
    return renamed === value && hasObjectOutput(value) && !HINTS.some((hint) => hint in value)
      ? (bytes ?? value)
      : withoutMarks(renamed);
  if (
    bytes !== undefined &&
    renamed === value &&
    !CACHEABLE.has(method) &&
    mayKeepTtl(value, method) &&
    value['cacheScope'] === undefined
  )
    return signedBytes(bytes, value, asked) ?? modern(value, asked);
  return modern(renamed, asked);
}

/** Of a task `ttlMs` says how long it lasts. Of any other result that may not be remembered it says nothing (A25). */
const isTask = (value: JsonObject, method: string): boolean =>
  value['resultType'] === 'task' || method.startsWith('tasks/');
const mayKeepTtl = (value: JsonObject, method: string): boolean =>
  value['ttlMs'] === undefined || isTask(value, method);

function modern(value: JsonObject, asked: AnsweredRequest): JsonObject {
  const { method, params } = asked;
  const type = value['resultType'] ?? 'complete';
  const { ttlMs, cacheScope: _scope, ...others } = value;
  const head = {
    ...others,
    ...(ttlMs !== undefined && isTask(value, method) && { ttlMs }),
    resultType: type,
    _meta: signed(value['_meta'], asked),
  };
  if (!CACHEABLE.has(method) || type !== 'complete') return head;
  // What a person was asked for in between is not to be remembered.
  const answered = params['requestState'] !== undefined || params['inputResponses'] !== undefined;
  // What one caller may see says nothing of what another may: nothing from here may be shared between them (A25).
  return { ...head, ttlMs: answered ? 0 : boundedTtl(value['ttlMs']), cacheScope: 'private' };
}

const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

function signed(meta: Json | undefined, { serverInfo }: AnsweredRequest): JsonObject {
  return { ...(isObject(meta) ? meta : {}), ...(serverInfo !== undefined && { [SERVER_INFO]: serverInfo }) };
}

/** The bytes of a result with what this revision wants put in front, when nothing of that is in them yet. */
function signedBytes(bytes: Uint8Array, value: JsonObject, asked: AnsweredRequest): Uint8Array | undefined {
  if (value['_meta'] !== undefined || bytes[0] !== 0x7b) return undefined;
  const added = {
    ...(value['resultType'] === undefined && { resultType: 'complete' }),
    _meta: signed(undefined, asked),
  };
  const isEmpty = Object.keys(value).length === 0;
  return isEmpty
    ? undefined
    : Buffer.concat([Buffer.from(`${JSON.stringify(added).slice(0, -1)},`), bytes.subarray(1)]);
}

/** What a modern server writes for modern clients only; whom it says to be is not what was approved. */
function withoutMarks(value: JsonObject): JsonObject {
  const kept = without(value, hasObjectOutput(value) ? HINTS : [...HINTS, 'structuredContent']);
  return isObject(kept['_meta']) && SERVER_INFO in kept['_meta']
    ? { ...kept, _meta: without(kept['_meta'], [SERVER_INFO]) }
    : kept;
}

const TTL_MAX_MS = 60_000;
const boundedTtl = (ttl: Json | undefined): number =>
  typeof ttl === 'number' && ttl > 0 ? Math.min(Math.trunc(ttl), TTL_MAX_MS) : 0;

function without(value: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !members.includes(key)));
}
