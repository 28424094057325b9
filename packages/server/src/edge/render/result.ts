/** A result as the client's revision and endpoint show it. */
import { isObject, type Json, type JsonObject, type McpResult } from '@sallyport/guard';
import { hasObjectOutput, withObjectOutput } from '../eras/object-output.ts';
import { listReadBy } from '../../mcp/lists.ts';
import { META } from '../../mcp/meta-keys.ts';
import { isCacheable, isTaskResult, resultTypeOf } from '../../mcp/results.ts';
import { rewriteResult } from '../names/rewrite-result.ts';
import { listedDefinition } from '../names/route.ts';
import type { AnsweredRequest } from './rendered-response.ts';

/** Members of results that only 2026-07-28 knows. */
const MODERN_MEMBERS = ['ttlMs', 'cacheScope', 'resultType'];
const TTL_MS_MAX = 60_000;

/** @returns the original bytes when nothing has to change, else the changed value. */
export function renderResult({ value, items, bytes }: McpResult, request: AnsweredRequest): Uint8Array | JsonObject {
  const { method, era, route, server } = request;
  if (items !== undefined) {
    const listed = items.map((item) => listedDefinition(item, route));
    const member = listReadBy(method)?.member ?? 'items';
    return era === 'modern'
      ? modernResult({ ...value, [member]: listed }, request)
      : without({ ...value, [member]: listed.map(withObjectOutput) }, MODERN_MEMBERS);
  }
  const renamed = route.server === undefined && server !== undefined ? rewriteResult(value, server) : value;
  if (era === 'legacy') {
    const isUnchanged =
      renamed === value && hasObjectOutput(value) && !MODERN_MEMBERS.some((member) => member in value);
    return isUnchanged ? (bytes ?? value) : withoutModernMembers(renamed);
  }
  if (
    bytes !== undefined &&
    renamed === value &&
    !isCacheable(method) &&
    mayKeepTtl(value, method) &&
    value['cacheScope'] === undefined
  )
    return withServerInfo(bytes, value, request) ?? modernResult(value, request);
  return modernResult(renamed, request);
}

/** The result as an object of 2026-07-28: with `resultType`, `serverInfo` and bounds on its caching. */
export function modernResult(value: JsonObject, request: AnsweredRequest): JsonObject {
  const { method, params } = request;
  const resultType = resultTypeOf(value);
  const { ttlMs, cacheScope: _scope, ...others } = value;
  const result = {
    ...others,
    ...(ttlMs !== undefined && isTaskResult(method, value) && { ttlMs }),
    resultType,
    _meta: resultMeta(value['_meta'], request),
  };
  if (!isCacheable(method) || resultType !== 'complete') return result;
  // A result that depends on what a person answered must not be cached.
  const hasAnswers = params['requestState'] !== undefined || params['inputResponses'] !== undefined;
  // Two callers may see different results of one request, so no cache may share them (A25).
  return { ...result, ttlMs: hasAnswers ? 0 : boundedTtlMs(value['ttlMs']), cacheScope: 'private' };
}

/** `_meta` of a modern result: the server's own, with the approved `serverInfo` instead of what the server claims. */
export function resultMeta(meta: Json | undefined, { serverInfo }: AnsweredRequest): JsonObject {
  return { ...(isObject(meta) ? meta : {}), ...(serverInfo !== undefined && { [META.serverInfo]: serverInfo }) };
}

/** The `ttlMs` of a task is its lifetime. Any other result that may not be cached has none (A25). */
const mayKeepTtl = (value: JsonObject, method: string): boolean =>
  value['ttlMs'] === undefined || isTaskResult(method, value);

/** The original bytes with `resultType` and `_meta` put in front; `undefined` when they already have a `_meta`. */
function withServerInfo(bytes: Uint8Array, value: JsonObject, request: AnsweredRequest): Uint8Array | undefined {
  const startsWithBrace = bytes[0] === 0x7b;
  if (value['_meta'] !== undefined || !startsWithBrace || Object.keys(value).length === 0) return undefined;
  const added = {
    ...(value['resultType'] === undefined && { resultType: 'complete' }),
    _meta: resultMeta(undefined, request),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(added).slice(0, -1)},`), bytes.subarray(1)]);
}

/** Leaves out what a modern server writes for modern clients only, and the `serverInfo` that nobody approved. */
function withoutModernMembers(value: JsonObject): JsonObject {
  const kept = without(value, hasObjectOutput(value) ? MODERN_MEMBERS : [...MODERN_MEMBERS, 'structuredContent']);
  return isObject(kept['_meta']) && META.serverInfo in kept['_meta']
    ? { ...kept, _meta: without(kept['_meta'], [META.serverInfo]) }
    : kept;
}

const boundedTtlMs = (ttlMs: Json | undefined): number =>
  typeof ttlMs === 'number' && ttlMs > 0 ? Math.min(Math.trunc(ttlMs), TTL_MS_MAX) : 0;

function without(value: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !members.includes(key)));
}
