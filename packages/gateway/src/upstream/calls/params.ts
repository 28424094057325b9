/** What is sent to a server of what the caller sent: known members only, and a `_meta` of the gateway's own making. */
import type { Json, JsonObject, Permitted } from '@sallyport/guard';
import { modernMeta } from '../sessions/meta.ts';
import type { Connection } from '../transports/transport.ts';
import { isReservedMetaKey, META, metaOf } from '../../mcp/meta-keys.ts';

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
  const meta = passedMeta(permitted);
  if (link.era === 'modern')
    Object.assign(meta, modernMeta(capabilities), logLevel === undefined ? {} : { [META.logLevel]: logLevel });
  return { ...params, ...extra, ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }) };
}

/** Trace context and the client's own keys pass; reserved keys, the caller's identity and its progress token do not. */
function passedMeta({ call }: Permitted): Record<string, Json> {
  const meta: Record<string, Json> = {};
  for (const [key, value] of Object.entries(metaOf(call.params) ?? {}))
    if (key !== 'progressToken' && !isReservedMetaKey(key)) meta[key] = value;
  const trace = TRACE[0];
  if (meta[trace] === undefined && call.origin.traceparent !== undefined) meta[trace] = call.origin.traceparent;
  return meta;
}
