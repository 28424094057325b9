/** The MCP side of a secure server: each request of a client becomes a call of the guard. */
import { Server } from '@modelcontextprotocol/server';
import {
  isObject,
  refusalResult,
  spendPermit,
  type Call,
  type Credentials,
  type Definition,
  type Guard,
  type GuardError,
  type JsonObject,
  type Outcome,
  type Target,
} from '@sallyport/guard';
import { steadyClock } from '@sallyport/guard/memory';
import { refusalError } from './refusal-error.ts';
import { runTool } from './run-tool.ts';
import type { SecureServerOptions } from './options.ts';
import type { Tool } from './tool.ts';

/** A server for one client. Its requests carry the credentials that the client presented. */
export function createMcpServer(
  { name, version, onError, errors = 'show' }: SecureServerOptions,
  tools: ReadonlyMap<string, Tool>,
  definitions: ReadonlyMap<string, Definition>,
  guard: Guard,
  timeoutMs: number,
  credentials: Credentials,
): Server {
  const server = new Server({ name, version }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', async (_request, { mcpReq }) => {
    const target: Target = { kind: 'servers', servers: [name] };
    const call = callOf('tools/list', target, {}, credentials, mcpReq.signal, timeoutMs);
    const outcome = await guard.run(call, async (permit) => {
      spendPermit(permit);
      return { value: {}, items: [...definitions.values()] };
    });
    if (outcome.status === 'success')
      return { tools: (outcome.result.items ?? []).map((item) => item.document) } as never;
    reportError(onError, outcome);
    throw refusalError(outcome.error, outcome.correlationId);
  });
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const target: Target = { kind: 'tool', server: name, name: params.name };
    const call = callOf('tools/call', target, asParams(params), credentials, mcpReq.signal, timeoutMs);
    const outcome = await guard.run(call, (permit) => runTool(tools, permit, timeoutMs, errors));
    if (outcome.status === 'success') return outcome.result.value as never;
    reportError(onError, outcome);
    // A result is for a model to act on; an unknown caller gets a protocol error instead.
    if (outcome.principal === undefined || outcome.error.code === 'unknown_tenant')
      throw refusalError(outcome.error, outcome.correlationId);
    return refusalResult(outcome.error, outcome.correlationId) as never;
  });
  return server;
}

/** The SDK has parsed the params from JSON. */
const asParams = (params: unknown): JsonObject => (isObject(params) ? params : {});

/** Errors that tell the author about a fault; all others are refusals of the caller. */
const INTERNAL_ERRORS: ReadonlySet<GuardError['code']> = new Set([
  'internal',
  'upstream_failed',
  'upstream_timeout',
  'output_blocked',
  'audit_unavailable',
  'result_withheld',
]);

function reportError(onError: SecureServerOptions['onError'], outcome: Exclude<Outcome, { status: 'success' }>): void {
  if (!INTERNAL_ERRORS.has(outcome.error.code)) return;
  try {
    onError?.(outcome.error.cause ?? outcome.error, outcome.correlationId);
  } catch {
    // An error of the author's handler must not replace the answer to the caller.
  }
}

function callOf(
  method: 'tools/list' | 'tools/call',
  target: Target,
  params: JsonObject,
  credentials: Credentials,
  signal: AbortSignal,
  timeoutMs: number,
): Call {
  return Object.freeze({
    method,
    target,
    params,
    rawArguments: undefined,
    credentials,
    session: undefined,
    deadlineMs: steadyClock.now() + timeoutMs,
    signal,
    origin: {
      transport: 'embedded' as const,
      era: 'modern' as const,
      protocolVersion: '2026-07-28',
      address: '',
      correlationId: crypto.randomUUID(),
      traceparent: undefined,
      clientInfo: undefined,
    },
  });
}
