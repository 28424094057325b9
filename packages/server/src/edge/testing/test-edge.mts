/**
 * A real edge for tests: `node:http` behind the listener of production, the real guard with the real stages, bearer
 * tokens out of a table, and functions in place of servers.
 */
import { randomBytes } from 'node:crypto';
import {
  createApprovals,
  createGuard,
  createSealer,
  standardPipeline,
  watchDecisions,
  type Approvals,
  type Definition,
  type Sealer,
  type Stages,
  type Target,
} from '@sallyport/guard';
import { createRecorder, createRedactor, type AuditRecord } from '@sallyport/guard/audit';
import {
  createMemoryApprovalStore,
  createMemoryAuditLog,
  createMemoryRateLimiter,
  createMemorySessions,
  createMemoryTenants,
  silentObserver,
  steadyClock,
  systemClock,
  type MemoryAuditLog,
} from '@sallyport/guard/memory';
import { checkContentDigest, createCredentialReader, type ApprovalRule } from '@sallyport/guard/stages';
import { openListener } from '../../listen/listener.ts';
import type { SocketLimits } from '../../listen/socket-limits.ts';
import type { GatewaySettings, ServerProfile } from '../settings.ts';
import type { HttpEdgeDeps, RequestReport } from '../deps.ts';
import { createHttpEdge, type HttpEdge } from '../http/edge.ts';
import { createHeldTaskIds, withHeldTasks } from '../tasks/held-task-ids.ts';
import { createHeldTasks } from '../tasks/held-tasks.ts';
import { authenticate, ISSUER } from './callers.mts';
import { DEFINITIONS, sendTo, type Sent, type Tool } from './servers.mts';

export interface TestEdgeOptions {
  readonly settings?: Partial<GatewaySettings>;
  readonly socketLimits?: Partial<SocketLimits>;
  readonly tools?: Readonly<Record<string, Tool>>;
  /** Answers everything that is neither a list nor a tool call. */
  readonly other?: Tool;
  readonly definitions?: readonly Definition[];
  /** Requests per minute and address. */
  readonly addressLimit?: number;
  /** Calls per minute and user. */
  readonly limit?: number;
  /** Tools that need an approval. */
  readonly approvals?: readonly Pick<ApprovalRule, 'server' | 'tool'>[];
  /** The requests of another edge, as two processes on one database have them. */
  readonly sharedApprovals?: Approvals;
  /** How long callers wait for an approval; not at all when absent. */
  readonly waitMs?: number;
  /** Calls that wait; absent = as many as want to. */
  readonly waitingMax?: number;
  /** Revision of the policies. */
  readonly revision?: () => string;
  /** Definitions that the policy denies to everybody. */
  readonly deny?: (definition: Definition) => boolean;
  readonly sealingSecret?: Uint8Array;
  /** By server. */
  readonly profiles?: Readonly<Record<string, Partial<ServerProfile>>>;
}

export interface TestEdge {
  readonly url: string;
  readonly port: number;
  readonly httpEdge: HttpEdge;
  readonly deps: HttpEdgeDeps;
  /** Calls that were sent upstream. */
  readonly sent: Sent[];
  readonly reports: RequestReport[];
  readonly records: (tenant: string) => readonly AuditRecord[];
  readonly approvals: Approvals;
  /** Calls that wait for an approval now. */
  held(): number;
  close(): Promise<void>;
}

const BY_BOB = { approvers: [{ kind: 'user', name: 'bob' }], required: 1, distinct: false, source: 'test' } as const;

/** Opens an edge on a free port of 127.0.0.1. */
export async function openTestEdge(options: TestEdgeOptions = {}): Promise<TestEdge> {
  const sent: Sent[] = [];
  const reports: RequestReport[] = [];
  const audit = createMemoryAuditLog();
  const approvals = options.sharedApprovals ?? createApprovals(createMemoryApprovalStore(), systemClock);
  const sealer = createSealer(options.sealingSecret ?? new Uint8Array(32).fill(7));
  const definitions = options.definitions ?? DEFINITIONS;
  const find = (target: Target): Definition | undefined => definitions.find((each) => isTarget(target, each));
  const gateway = gatewaySettings(options);
  let held = 0;
  const holdOne = (): (() => void) => {
    held += 1;
    return () => void (held -= 1);
  };
  const deps: HttpEdgeDeps = {
    guard: createGuard(testPipeline(options, find, audit, approvals, sealer)),
    send: sendTo({ definitions, tools: options.tools ?? {}, other: options.other }, sent),
    definitionOf: find,
    maySee: (_identity, server) => maySee(definitions, server, options),
    snapshot: () => ({
      gateway,
      issuers: [{ issuer: ISSUER, requiredScopes: ['mcp'], scopesSupported: ['mcp'], senderConstrained: false }],
      servers: ['crm', 'docs'],
    }),
    profileOf: (server) => profileOf(server, options.profiles),
    approvals: {
      pageOf: (id) => `https://ops.example.test/approvals/${id}`,
      waitMs: () => options.waitMs ?? 0,
      revision: options.revision ?? (() => '1'),
      hold: () => (held < (options.waitingMax ?? 100) ? holdOne() : undefined),
      show: (tenant, id) => approvals.show(tenant, id),
      withdraw: async (tenant, id, by) => void (await approvals.withdraw(tenant, id, by)),
      decided: watchDecisions(approvals),
    },
    heldTasks: createHeldTasks(sealer, systemClock),
    clock: systemClock,
    steadyClock,
    sessions: createMemorySessions(systemClock),
    sealer,
    limiter: createMemoryRateLimiter(systemClock),
    readCredentials: createCredentialReader({
      clock: systemClock,
      nonceSecret: randomBytes(32),
      needsNonce: () => false,
    }),
    checkContentDigest,
    log: () => {},
    report: (event) => void reports.push(event),
    called: () => {},
    addressLimited: () => {},
    streamsMax: 1_000,
    rejected: () => {},
  };
  const httpEdge = createHttpEdge(deps);
  const listener = await openListener({
    name: 'gateway',
    settings: gateway.listen,
    handler: httpEdge.handle,
    limits: { drainMs: 500, ...options.socketLimits },
  });
  return {
    url: listener.url,
    port: Number(new URL(listener.url).port),
    httpEdge,
    deps,
    sent,
    reports,
    records: (tenant) => audit.records(tenant),
    approvals,
    held: () => held,
    close: async () => {
      await httpEdge.close();
      await listener.close();
    },
  };
}

const gatewaySettings = ({ addressLimit, settings }: TestEdgeOptions): GatewaySettings => ({
  listen: { host: '127.0.0.1', port: 0, tls: undefined, behindTlsProxy: false },
  publicUrl: 'https://mcp.example.test',
  allowedHosts: [],
  allowedOrigins: ['https://app.example.test'],
  bodyBytesMax: 1_000_000,
  strangerBytesMax: 16_000_000,
  tenantBytesMax: 64_000_000,
  depthMax: 32,
  keysMax: 10_000,
  streamsPerPrincipalMax: 4,
  callsMax: 1_000,
  requestTimeoutMs: 30_000,
  sessionLifetimeMs: 60_000,
  addressLimitPerMinute: addressLimit ?? 1_000_000,
  ...settings,
});

function profileOf(server: string, profiles: TestEdgeOptions['profiles']): ServerProfile | undefined {
  if (server !== 'crm' && server !== 'docs') return undefined;
  return {
    serverInfo: { name: `the ${server}`, version: '1.0.0' },
    instructions: undefined,
    capabilities: { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true, listChanged: true } },
    ...profiles?.[server],
  };
}

function maySee(definitions: readonly Definition[], server: string, { deny }: TestEdgeOptions): boolean {
  const own = definitions.filter((each) => each.server === server);
  return own.length === 0 || own.some((each) => deny?.(each) !== true);
}

function testPipeline(
  { deny, limit, revision, approvals: approvalRules }: TestEdgeOptions,
  find: (target: Target) => Definition | undefined,
  audit: MemoryAuditLog,
  approvals: Approvals,
  sealer: Sealer,
): Stages {
  return standardPipeline(
    {
      authenticators: [authenticate],
      tenants: createMemoryTenants(() => ['acme', 'globex']),
      catalog: { find },
      tasks: withHeldTasks({ find: () => undefined }, createHeldTaskIds(sealer, systemClock)),
      policy: () => allowAllBut(deny ?? (() => false), revision?.() ?? '1'),
      limiter: createMemoryRateLimiter(systemClock),
      approvals,
      audit,
      observer: silentObserver,
      clock: systemClock,
      recorder: createRecorder(createRedactor({ keyOf: () => new Uint8Array(32), clear: () => [] })),
    },
    {
      allowTools: () => undefined,
      additionalArguments: () => 'allow',
      resultBytesMax: () => 10_000_000,
      refusalsPerMinute: () => 1_000_000,
      tokenRefused: () => {},
      tiers: () => ({ default: [{ limit: limit ?? 1_000_000, periodMs: 60_000, per: ['user'] }] }),
      approvalRules: () => (approvalRules ?? []).map((rule) => ({ ...rule, demand: BY_BOB, ttlMs: 60_000 })),
      approvalTtlMs: () => 60_000,
    },
  );
}

function allowAllBut(isDenied: (definition: Definition) => boolean, revision: string) {
  const grant = { policies: ['all'], revision, cacheable: true };
  return {
    revision,
    couldAllow: ({ definition }: { definition: Definition }) => !isDenied(definition),
    decide: ({ definition }: { definition: Definition }) =>
      isDenied(definition)
        ? ({ effect: 'deny', grant, error: undefined } as const)
        : ({ effect: 'allow', grant } as const),
  };
}

const isTarget = (target: Target, { server, kind, name }: Definition): boolean =>
  'server' in target && target.server === server && target.kind === kind && target.name === name;
