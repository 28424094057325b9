/**
 * An MCP server that is secure by construction: the same guard as in the gateway, around the tools of one server. Give the
 * result to `createMcpHandler` or `serveStdio` of the MCP SDK.
 */
import { Server, type McpServerFactory } from '@modelcontextprotocol/server';
import {
  asGuardError, createGuard, GuardError, spendPermit, standardHouse, type AuditLog, type Authenticator, type Call, type Credentials, type Guard, type JsonObject,
  type McpResult, type Permit, type TenantDirectory,
} from '@sallyport/guard';
import { createRecorder, createRedactor } from '@sallyport/guard/audit';
import { createMemoryApprovals, createMemoryRateLimiter, createMemoryTenants, silentObserver, systemClock } from '@sallyport/guard/memory';
import { readAuthorization, type LimitTiers } from '@sallyport/guard/stages';
import { refusalResult, ToolError } from './errors.ts';
import { rolesPolicy } from './roles-policy.ts';
import { definitionOf, type Tool } from './tool.ts';

export interface SecureServerOptions {
  readonly name: string;
  readonly version: string;
  readonly tools: readonly Tool[];
  /** Turns credentials into principals; asked in order. */
  readonly authenticators: readonly Authenticator[];
  /** Tenants that exist. */
  readonly tenants: readonly string[] | TenantDirectory;
  /** Where records become durable before a tool runs. There is no default: a server without a record is a decision. */
  readonly audit: AuditLog;
  /** At least 32 bytes: the key under which arguments are hashed in records. */
  readonly hashingKey: Uint8Array;
  readonly limits?: LimitTiers;
  /** Credential of a stdio client, which sends none. */
  readonly stdioToken?: string;
}

export interface SecureServer {
  readonly factory: McpServerFactory;
  readonly guard: Guard;
}

const DEFAULT_LIMITS: LimitTiers = { default: [{ limit: 100, periodMs: 60_000, per: ['user', 'tool'] }] };
const RESULT_BYTES_MAX = 1024 * 1024;

/** @throws RangeError when two tools have one name or the key is too short. */
export function secureServer(options: SecureServerOptions): SecureServer {
  const tools = new Map(options.tools.map((one) => [one.name, one]));
  if (tools.size !== options.tools.length) throw new RangeError('two tools have the same name');
  if (options.hashingKey.length < 32) throw new RangeError('the hashing key must have at least 32 bytes');
  const guard = guardOf(options, tools);
  return { guard, factory: ({ requestInfo }) => serverOf(options, { guard, tools }, credentialsOf(options, requestInfo)) };
}

type Tools = ReadonlyMap<string, Tool>;

function guardOf({ name, authenticators, tenants, audit, hashingKey, limits }: SecureServerOptions, tools: Tools): Guard {
  const definitions = new Map([...tools.values()].map((one) => [one.name, definitionOf(name, one)]));
  const policy = rolesPolicy(tools);
  return createGuard(standardHouse({
    authenticators, tenants: Array.isArray(tenants) ? createMemoryTenants(() => tenants as readonly string[]) : (tenants as TenantDirectory),
    catalog: { find: (target) => (target.kind === 'tool' ? definitions.get(target.name) : undefined) }, policy: () => policy,
    limiter: createMemoryRateLimiter(systemClock), approvals: createMemoryApprovals(systemClock), audit, observer: silentObserver, clock: systemClock,
    recorder: createRecorder(createRedactor({ keyOf: () => hashingKey, clear: () => [] })),
  }, {
    allowTools: () => undefined, additionalArguments: () => 'reject', maxResultBytes: () => RESULT_BYTES_MAX, tiers: () => limits ?? DEFAULT_LIMITS,
    refusalsPerMinute: () => 120, approvalRules: () => [], approvalTtlMs: () => 600_000, tokenRefused: () => {},
  }));
}

function credentialsOf({ stdioToken }: SecureServerOptions, request: Request | undefined): Credentials {
  if (request === undefined) return stdioToken === undefined ? { kind: 'none' } : { kind: 'bearer', token: stdioToken };
  const header = request.headers.get('authorization');
  return readAuthorization(header === null ? [] : [header]);
}

function serverOf({ name, version }: SecureServerOptions, { guard, tools }: { readonly guard: Guard; readonly tools: Tools }, credentials: Credentials): Server {
  const server = new Server({ name, version }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', async (_request, { mcpReq }) => {
    const items = [...tools.values()].map((one) => definitionOf(name, one));
    const outcome = await guard.run(callOf('tools/list', {}, { server: name, credentials, signal: mcpReq.signal }), async (permit) => { spendPermit(permit); return { value: {}, items }; });
    if (outcome.status !== 'success') throw outcome.error;
    return { tools: (outcome.result.items ?? []).map((item) => item.document) } as never;
  });
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const call = callOf('tools/call', params as unknown as JsonObject, { server: name, credentials, signal: mcpReq.signal });
    const outcome = await guard.run(call, (permit) => runTool(tools, permit));
    return (outcome.status === 'success' ? outcome.result.value : refusalResult(outcome.error, outcome.correlationId)) as never;
  });
  return server;
}

async function runTool(tools: Tools, permit: Permit): Promise<McpResult> {
  const { call, principal, tenant } = spendPermit(permit);
  const found = tools.get('name' in call.target ? call.target.name : '');
  if (found === undefined) throw new GuardError('not_found');
  try {
    const answer = await found.run((call.params['arguments'] ?? {}) as JsonObject, { principal, tenant, signal: call.signal });
    if (typeof answer === 'string') return { value: { content: [{ type: 'text', text: answer }] } };
    return { value: { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: answer } };
  } catch (thrown) {
    if (thrown instanceof ToolError) return { value: { content: [{ type: 'text', text: thrown.message }], isError: true } };
    throw thrown instanceof GuardError ? thrown : new GuardError('upstream_failed', { cause: asGuardError(thrown) });
  }
}

interface Sender {
  readonly server: string;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
}

function callOf(method: string, params: JsonObject, { server, credentials, signal }: Sender): Call {
  const target = method === 'tools/call' ? { kind: 'tool' as const, server, name: String(params['name']) } : { kind: 'servers' as const, servers: [server] };
  return Object.freeze({
    method, target, params, rawArguments: undefined, credentials, session: undefined, deadline: Date.now() + 60_000, signal,
    origin: { transport: 'embedded' as const, era: 'modern' as const, protocolVersion: '2026-07-28', address: '', correlationId: crypto.randomUUID(), traceparent: undefined, clientInfo: undefined },
  });
}
