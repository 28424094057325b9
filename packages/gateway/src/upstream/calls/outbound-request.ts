/**
 * The request that a server gets for a call: of the caller's params only the members that MCP knows, and a `_meta` of
 * the gateway's own making.
 */
import type { Json, JsonObject } from '@sallyport/guard';
import { isReservedMetaKey, META, metaOf } from '@sallyport/server/mcp/meta-keys';
import { modernMeta } from '../transports/gateway-meta.ts';
import type { UpstreamSession } from '../sessions/session.ts';
import { openTaskId, rememberTask } from '../tasks/task-ids.ts';
import type { Connection, OutboundRequest, ServerResult } from '../transports/transport.ts';
import type { ServerCall } from './server-call.ts';

/** Members of params that are passed on, by method. */
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

/** How long a request is waited for, and what becomes of the messages that its server sends meanwhile. */
export type RequestHandlers = Pick<
  OutboundRequest,
  'signal' | 'deadlineMs' | 'onNotification' | 'onRequest' | 'onStreamEnded'
>;

/** @param extraMembers of a multi-round-trip request: `requestState` and `inputResponses`. */
export function outboundRequest(
  serverCall: ServerCall,
  { connection }: UpstreamSession,
  extraMembers: JsonObject,
  handlers: RequestHandlers,
): OutboundRequest {
  const { permitted, settings, channel, taskSeal } = serverCall;
  const { call, definition } = permitted;
  const params: Record<string, Json> = {};
  for (const member of MEMBERS.get(call.method) ?? []) {
    const value = call.params[member];
    // Null was judged as no arguments, so that none are sent.
    if (value !== undefined && (member !== 'arguments' || value !== null)) params[member] = value;
  }
  Object.assign(params, extraMembers);
  if (call.target.kind === 'task') params['taskId'] = openTaskId(taskSeal, call.params['taskId']);
  const meta = requestMeta(serverCall, connection);
  if (Object.keys(meta).length > 0) params['_meta'] = meta;
  return {
    method: call.method,
    params,
    rawArguments: params['arguments'] === undefined ? undefined : call.rawArguments,
    // The request about a task names no tool.
    definition: call.target.kind === 'task' ? undefined : definition,
    wantsProgress: channel.progressToken !== undefined,
    timeoutMs: settings.timeoutMs,
    bytesMax: settings.resultBytesMax,
    ...handlers,
  };
}

/** Trace context and the client's own keys pass. Reserved keys, the caller's identity and its progress token do not. */
function requestMeta(
  { permitted, clientCapabilities, logLevel }: ServerCall,
  { era }: Connection,
): Record<string, Json> {
  const { call } = permitted;
  const meta: Record<string, Json> = {};
  for (const [key, value] of Object.entries(metaOf(call.params) ?? {}))
    if (key !== 'progressToken' && !isReservedMetaKey(key)) meta[key] = value;
  const { traceparent } = call.origin;
  if (meta['traceparent'] === undefined && traceparent !== undefined) meta['traceparent'] = traceparent;
  if (era === 'legacy') return meta;
  Object.assign(meta, modernMeta(clientCapabilities));
  if (logLevel !== undefined) meta[META.logLevel] = logLevel;
  return meta;
}

/**
 * The one place where a call leaves for a server. While the request runs, messages of the server that name no call
 * belong to it. @throws GuardError as `Transport.request`.
 */
export async function sendRequest(session: UpstreamSession, request: OutboundRequest): Promise<ServerResult> {
  const { activeCalls, connection } = session;
  activeCalls.push(request);
  try {
    const result = await connection.request(request);
    rememberTask(session, result.value);
    return result;
  } finally {
    activeCalls.splice(activeCalls.indexOf(request), 1);
  }
}
