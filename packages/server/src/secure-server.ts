/**
 * An MCP server that is secure by construction: the same guard as in the gateway, around the tools of one server. Give the
 * result to `createMcpHandler` or `serveStdio` of the MCP SDK.
 */
import { Server, type McpServerFactory } from '@modelcontextprotocol/server';
import {
  createGuard,
  GuardError,
  refusalResult,
  standardPipeline,
  spendPermit,
  type AuditLog,
  type Authenticator,
  type Call,
  type Credentials,
  type Guard,
  type JsonObject,
  type Outcome,
  type TenantDirectory,
} from '@sallyport/guard';
import { createRecorder, createRedactor } from '@sallyport/guard/audit';
import {
  createMemoryApprovals,
  createMemoryRateLimiter,
  createMemoryTenants,
  silentObserver,
  systemClock,
} from '@sallyport/guard/memory';
import { readAuthorization, type LimitTiers } from '@sallyport/guard/stages';
import { refusalError } from './errors.ts';
import { rolesPolicy } from './roles-policy.ts';
import { runTool } from './run-tool.ts';
import { definitionOf, tool, type Tool } from './tool.ts';

export interface SecureServerOptions {
  /** Who the server says it is, to clients and in records. */
  readonly name: string;
  readonly version: string;
  /** Each as {@link tool} makes them, with names that differ. */
  readonly tools: readonly Tool[];
  /** Turns credentials into principals; asked in order. */
  readonly authenticators: readonly Authenticator[];
  /** Tenants that exist. */
  readonly tenants: readonly string[] | TenantDirectory;
  /** Where records become durable before a tool runs. There is no default: a server without a record is a decision. */
  readonly audit: AuditLog;
  /** At least 32 bytes: the key under which arguments are hashed in records. */
  readonly hashingKey: Uint8Array;
  /** Calls per time by tier of the principal; `default` is for all others. Absent: 100 a minute for each user and tool. */
  readonly limits?: LimitTiers;
  /** Longest time that a tool may run, in milliseconds from 1 to 2^31 - 1; 60,000 when absent. Then its signal is aborted and the answer is `TIMEOUT`. */
  readonly timeoutMs?: number;
  /** Credential of a stdio client, which sends none. */
  readonly stdioToken?: string;
  /** Told what broke inside, in a tool or in a store, and under which id the caller was told that something did. Callers never see it. */
  readonly onError?: (error: unknown, correlationId: string) => void;
}

export interface SecureServer {
  readonly factory: McpServerFactory;
  readonly guard: Guard;
}

const DEFAULT_LIMITS: LimitTiers = { default: [{ limit: 100, periodMs: 60_000, per: ['user', 'tool'] }] };
const RESULT_BYTES_MAX = 1024 * 1024;

const TIMEOUT_MS = 60_000;

/**
 * @returns the factory for `createMcpHandler` (HTTP) or `serveStdio`, and the guard that its servers share.
 * @throws RangeError when two tools have one name, a tool cannot be used (see {@link tool}), the key is too short, the time
 * is out of range, or limits have no `default`.
 */
export function secureServer(options: SecureServerOptions): SecureServer {
  const { hashingKey, limits, timeoutMs = TIMEOUT_MS } = options;
  const tools = new Map(options.tools.map((one) => [one.name, tool(one)]));
  if (tools.size !== options.tools.length) throw new RangeError('two tools have the same name');
  if (hashingKey.length < 32) throw new RangeError('the hashing key must have at least 32 bytes');
  if (limits !== undefined && !Object.hasOwn(limits, 'default'))
    throw new RangeError('limits must have a "default" tier');
  if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) throw new RangeError('timeoutMs must be from 1 to 2^31 - 1');
  const guard = guardOf(options, tools);
  return {
    guard,
    factory: ({ requestInfo }) => serverOf(options, { guard, tools, timeoutMs }, credentialsOf(options, requestInfo)),
  };
}

type Tools = ReadonlyMap<string, Tool>;

function guardOf(
  { name, authenticators, tenants, audit, hashingKey, limits }: SecureServerOptions,
  tools: Tools,
): Guard {
  const definitions = new Map([...tools.values()].map((one) => [one.name, definitionOf(name, one)]));
  const policy = rolesPolicy(tools);
  return createGuard(
    standardPipeline(
      {
        authenticators,
        tenants: Array.isArray(tenants)
          ? createMemoryTenants(() => tenants as readonly string[])
          : (tenants as TenantDirectory),
        catalog: { find: (target) => (target.kind === 'tool' ? definitions.get(target.name) : undefined) },
        policy: () => policy,
        limiter: createMemoryRateLimiter(systemClock),
        approvals: createMemoryApprovals(systemClock),
        audit,
        observer: silentObserver,
        clock: systemClock,
        recorder: createRecorder(createRedactor({ keyOf: () => hashingKey, clear: () => [] })),
      },
      {
        allowTools: () => undefined,
        additionalArguments: () => 'reject',
        maxResultBytes: () => RESULT_BYTES_MAX,
        tiers: () => limits ?? DEFAULT_LIMITS,
        refusalsPerMinute: () => 120,
        approvalRules: () => [],
        approvalTtlMs: () => 600_000,
        tokenRefused: () => {},
      },
    ),
  );
}

function credentialsOf({ stdioToken }: SecureServerOptions, request: Request | undefined): Credentials {
  if (request === undefined) return stdioToken === undefined ? { kind: 'none' } : { kind: 'bearer', token: stdioToken };
  const header = request.headers.get('authorization');
  return readAuthorization(header === null ? [] : [header]);
}

interface Room {
  readonly guard: Guard;
  readonly tools: Tools;
  readonly timeoutMs: number;
}

function serverOf(
  { name, version, onError }: SecureServerOptions,
  { guard, tools, timeoutMs }: Room,
  credentials: Credentials,
): Server {
  const server = new Server({ name, version }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', async (_request, { mcpReq }) => {
    const items = [...tools.values()].map((one) => definitionOf(name, one));
    const call = callOf('tools/list', {}, { server: name, credentials, signal: mcpReq.signal, timeoutMs });
    const outcome = await guard.run(call, async (permit) => {
      spendPermit(permit);
      return { value: {}, items };
    });
    if (outcome.status === 'success')
      return { tools: (outcome.result.items ?? []).map((item) => item.document) } as never;
    tell(onError, outcome);
    throw refusalError(outcome.error, outcome.correlationId);
  });
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const call = callOf('tools/call', params as unknown as JsonObject, {
      server: name,
      credentials,
      signal: mcpReq.signal,
      timeoutMs,
    });
    const outcome = await guard.run(call, (permit) => runTool(tools, permit, timeoutMs));
    if (outcome.status === 'success') return outcome.result.value as never;
    tell(onError, outcome);
    // Who is not known is no model that could act on it.
    if (outcome.principal === undefined || outcome.error.code === 'unknown_tenant')
      throw refusalError(outcome.error, outcome.correlationId);
    return refusalResult(outcome.error, outcome.correlationId) as never;
  });
  return server;
}

const BROKEN = new Set<GuardError['code']>([
  'internal',
  'upstream_failed',
  'upstream_timeout',
  'output_blocked',
  'audit_unavailable',
  'result_withheld',
]);

function tell(onError: SecureServerOptions['onError'], outcome: Exclude<Outcome, { status: 'success' }>): void {
  if (!BROKEN.has(outcome.error.code)) return;
  try {
    onError?.(outcome.error.cause ?? outcome.error, outcome.correlationId);
  } catch {
    // What breaks while it is told must not reach the caller in place of the answer.
  }
}

interface Sender {
  readonly server: string;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

function callOf(method: string, params: JsonObject, { server, credentials, signal, timeoutMs }: Sender): Call {
  const target =
    method === 'tools/call'
      ? { kind: 'tool' as const, server, name: String(params['name']) }
      : { kind: 'servers' as const, servers: [server] };
  return Object.freeze({
    method,
    target,
    params,
    rawArguments: undefined,
    credentials,
    session: undefined,
    deadlineMs: Date.now() + timeoutMs,
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
