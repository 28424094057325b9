/** The metrics of the gateway. Implements the guard's Observer port. */
import { STAGE_NAMES, type LimitRule, type MaybePromise, type Observer, type Outcome } from '@sallyport/guard';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { endpointLabel, methodLabel, OTHER, statusLabel, tenantLabel, wordLabel } from './bounded-labels.ts';
import { counter, gauge, histogram } from './series.ts';

/** A request that was answered. */
export interface RequestReport {
  readonly method: string;
  readonly endpoint: string;
  readonly status: number;
  readonly tenant: string | undefined;
  readonly ms: number;
}

/** The metrics that the gateway counts, and their text. */
export interface Metrics extends Observer {
  /** One HTTP request, or one line of stdio, was answered. */
  requested(event: RequestReport): void;
  /** A call ended. Only `tools/call` is counted. */
  called(outcome: Outcome): void;
  tokenRefused(errorType: string): void;
  drifted(server: string): void;
  upstreamFailed(server: string, kind: string): void;
  approvalDecided(result: 'approved' | 'refused' | 'expired', waitedMs: number): void;
  /** The body of `/metrics` and its content type. */
  read(): Promise<{ readonly type: string; readonly text: string }>;
}

/** What the metrics read from the gateway. */
export interface MetricsDeps {
  /** Configured names: the only values that the labels `server` and `tenant_id` take, besides `other`. */
  readonly servers: () => readonly string[];
  readonly tenants: () => readonly string[];
  readonly activeConnections: () => number;
  readonly approvalsPending: () => MaybePromise<number>;
  /** True to add the memory, CPU and event loop of the process. */
  readonly includesProcess?: boolean;
}

const STAGE_BOUNDS_SECONDS = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5,
];
const CALL_BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const COMMIT_BOUNDS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const WAIT_BOUNDS_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** @returns metrics in a registry of their own. */
export function createMetrics(deps: MetricsDeps): Metrics {
  const registry = new Registry();
  if (deps.includesProcess === true) collectDefaultMetrics({ register: registry });
  const known = namesOf(deps);
  return {
    ...pipelineSeries(registry, known),
    ...requestSeries(registry, known),
    ...callSeries(registry, known),
    ...operationSeries(registry, deps, known),
    read: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}

/** The configured names, as label values. */
interface KnownNames {
  servers(): ReadonlySet<string>;
  tenants(): ReadonlySet<string>;
  server(name: string): string;
}

/** Sets of the configured names, which are built again only when the configuration changed. */
function namesOf(deps: MetricsDeps): KnownNames {
  const asSet = (read: () => readonly string[]): (() => ReadonlySet<string>) => {
    let names: readonly string[] | undefined;
    let set: ReadonlySet<string> = new Set();
    return () => {
      const current = read();
      if (current !== names) set = new Set(current);
      names = current;
      return set;
    };
  };
  const servers = asSet(deps.servers);
  return { servers, tenants: asSet(deps.tenants), server: (name) => (servers().has(name) ? name : OTHER) };
}

function pipelineSeries(registry: Registry, known: KnownNames): Observer {
  const stages = histogram(
    registry,
    { name: 'mcp_stage_duration_seconds', help: 'Time in one stage of the guard.', labels: ['stage'] },
    STAGE_BOUNDS_SECONDS,
  );
  const byStage = new Map(STAGE_NAMES.map((stage) => [stage, stages(stage)]));
  const decisions = counter(registry, {
    name: 'mcp_policy_decisions_total',
    help: 'Policy decisions.',
    labels: ['decision', 'engine'],
  });
  const limited = counter(registry, {
    name: 'mcp_rate_limited_total',
    help: 'Calls refused by a rate limit.',
    labels: ['scope', 'server', 'tool'],
  });
  const records = counter(registry, {
    name: 'mcp_audit_records_total',
    help: 'Records that are durable.',
    labels: ['phase'],
  });
  const byPhase = { intent: records('intent'), outcome: records('outcome') };
  const commit = histogram(
    registry,
    { name: 'mcp_audit_commit_seconds', help: 'Time until a record was durable.', labels: [] },
    COMMIT_BOUNDS_SECONDS,
  )();
  return {
    stage: (stage, ms) => byStage.get(stage)?.observe(ms / 1000),
    decided: (effect, engine) => decisions(effect, wordLabel(engine)).inc(),
    limited: (scope: LimitRule['scope'], server, tool) =>
      limited(scope, known.server(server), known.servers().has(server) ? tool : OTHER).inc(),
    recorded: (phase, ms) => {
      byPhase[phase].inc();
      commit.observe(ms / 1000);
    },
  };
}

function requestSeries(registry: Registry, known: KnownNames): Pick<Metrics, 'requested' | 'tokenRefused'> {
  const requests = counter(registry, {
    name: 'mcp_requests_total',
    help: 'Answered requests.',
    labels: ['method', 'endpoint', 'status_code', 'tenant_id'],
  });
  const durations = histogram(
    registry,
    { name: 'mcp_request_duration_seconds', help: 'Time from request to answer.', labels: ['method', 'endpoint'] },
    CALL_BOUNDS_SECONDS,
  );
  const refused = counter(registry, {
    name: 'mcp_token_validation_errors_total',
    help: 'Credentials that were not accepted.',
    labels: ['error_type'],
  });
  return {
    requested: ({ method, endpoint, status, tenant, ms }) => {
      const methodName = methodLabel(method);
      const endpointName = endpointLabel(endpoint, known.servers());
      requests(methodName, endpointName, statusLabel(status), tenantLabel(tenant, known.tenants())).inc();
      durations(methodName, endpointName).observe(ms / 1000);
    },
    tokenRefused: (errorType) => refused(wordLabel(errorType)).inc(),
  };
}

function callSeries(registry: Registry, known: KnownNames): Pick<Metrics, 'called'> {
  const calls = counter(registry, {
    name: 'mcp_tool_calls_total',
    help: 'Tool calls by outcome.',
    labels: ['server', 'tool', 'outcome'],
  });
  const durations = histogram(
    registry,
    {
      name: 'mcp_tool_call_duration_seconds',
      help: 'Time of tool calls in the guard and upstream.',
      labels: ['server', 'tool'],
    },
    CALL_BOUNDS_SECONDS,
  );
  return {
    called: ({ method, definition, status, durationMs }) => {
      if (method !== 'tools/call') return;
      // Without a definition the name is the caller's invention.
      const server = definition === undefined ? OTHER : known.server(definition.server);
      const tool = definition === undefined || server === OTHER ? OTHER : definition.name;
      calls(server, tool, status).inc();
      durations(server, tool).observe(durationMs / 1000);
    },
  };
}

function operationSeries(
  registry: Registry,
  deps: MetricsDeps,
  known: KnownNames,
): Pick<Metrics, 'drifted' | 'upstreamFailed' | 'approvalDecided'> {
  gauge(
    registry,
    { name: 'mcp_active_connections', help: 'Requests and streams that are open.', labels: [] },
    deps.activeConnections,
  );
  gauge(
    registry,
    { name: 'mcp_approvals_pending', help: 'Calls that wait for approval.', labels: [] },
    deps.approvalsPending,
  );
  const drift = counter(registry, {
    name: 'mcp_definition_drift_total',
    help: 'Definitions that differed from their pin.',
    labels: ['server'],
  });
  const upstream = counter(registry, {
    name: 'mcp_upstream_errors_total',
    help: 'Failures of upstream servers.',
    labels: ['server', 'kind'],
  });
  const approvals = counter(registry, {
    name: 'mcp_approvals_total',
    help: 'Approvals by result.',
    labels: ['result'],
  });
  const waits = histogram(
    registry,
    { name: 'mcp_approval_wait_seconds', help: 'Time from the request for approval to the decision.', labels: [] },
    WAIT_BOUNDS_SECONDS,
  )();
  return {
    drifted: (server) => drift(known.server(server)).inc(),
    upstreamFailed: (server, kind) => upstream(known.server(server), wordLabel(kind)).inc(),
    approvalDecided: (result, waitedMs) => {
      approvals(result).inc();
      waits.observe(waitedMs / 1000);
    },
  };
}
