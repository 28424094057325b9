/** What is sent to a server of what the caller sent: known members only, and a `_meta` of the gateway's own making. */
import { isObject, LOG_LEVELS, type Json, type JsonObject, type Permitted } from '@sallyport/guard';
import { modernMeta } from '../sessions/meta.ts';
import type { Connection } from '../transports/transport.ts';

const MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['tools/call', ['name', 'arguments', 'task']],
  ['prompts/get', ['name', 'arguments']],
  ['resources/read', ['uri']],
  ['resources/subscribe', ['uri']],
  ['resources/unsubscribe', ['uri']],
  ['completion/complete', ['ref', 'argument', 'context']],
  ['tasks/get', ['taskId']],
  ['tasks/result', ['taskId']],
  ['tasks/cancel', ['taskId']],
  ['tasks/update', ['taskId', 'inputResponses']],
]);

const TRACE = ['traceparent', 'tracestate', 'baggage'] as const;
const OURS = /^(io\.modelcontextprotocol|modelcontextprotocol|mcp|io\.mcp)[./]/;

export interface Sending {
  readonly permitted: Permitted;
  readonly link: Connection;
  /** Declared in the client's name, already narrowed. */
  readonly capabilities: JsonObject;
  readonly logLevel: string | undefined;
  /** Members that the bridge adds: `requestState`, `inputResponses`, an opened task id. */
  readonly extra: JsonObject;
}

export function upstreamParams({ permitted, link, capabilities, logLevel, extra }: Sending): JsonObject {
  const { call } = permitted;
  const params: Record<string, Json> = {};
  for (const member of MEMBERS.get(call.method) ?? []) {
    const value = call.params[member];
    if (value !== undefined) params[member] = value;
  }
  const meta = metaOf(permitted);
  if (link.era === 'modern')
    Object.assign(
      meta,
      modernMeta(capabilities),
      logLevel === undefined ? {} : { 'io.modelcontextprotocol/logLevel': logLevel },
    );
  return { ...params, ...extra, ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }) };
}

/** Trace context and the client's own keys pass; reserved keys, the caller's identity and its progress token do not. */
function metaOf({ call }: Permitted): Record<string, Json> {
  const meta: Record<string, Json> = {};
  const given = call.params['_meta'];
  if (isObject(given))
    for (const [key, value] of Object.entries(given)) if (key !== 'progressToken' && !OURS.test(key)) meta[key] = value;
  const trace = TRACE[0];
  if (meta[trace] === undefined && call.origin.traceparent !== undefined) meta[trace] = call.origin.traceparent;
  return meta;
}

export function isAtLeast(level: Json | undefined, least: string): boolean {
  return (
    typeof level === 'string' &&
    LOG_LEVELS.indexOf(level) >= Math.max(0, LOG_LEVELS.indexOf(least)) &&
    LOG_LEVELS.includes(level)
  );
}
