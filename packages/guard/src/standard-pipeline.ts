/** The usual stages, built from ports: the gateway and `@sallyport/server` both give them to `createGuard`. */
import type { Approvals } from './approvals/index.ts';
import type { Call, Definition } from './call.ts';
import type { Identity, Stages } from './guard.ts';
import type { MaybePromise } from './maybe-promise.ts';
import { METHODS } from './methods.ts';
import type {
  AuditLog,
  Authenticator,
  Catalog,
  Clock,
  Observer,
  PolicyEngine,
  RateLimiter,
  TaskDirectory,
  TenantDirectory,
} from './ports.ts';
import type { Recorder } from './audit/record.ts';
import {
  createApprove,
  createAuthenticate,
  createAuthorize,
  createInspect,
  createLimit,
  createMayList,
  createRefusals,
  createSchemaCache,
  createTenant,
  createValidate,
  createVisible,
  SCHEMA_LIMITS,
  type ApprovalRule,
  type LimitTiers,
  type RefusedClaim,
} from './stages/index.ts';

/**
 * The ports that the usual stages need.
 *
 * @example
 * ```ts
 * const withClock = (ports: PipelinePorts, clock: Clock): PipelinePorts => ({ ...ports, clock });
 * ```
 */
export interface PipelinePorts {
  /** Tried in order. */
  readonly authenticators: readonly Authenticator[];
  readonly tenants: TenantDirectory;
  readonly catalog: Catalog;
  /** Without it, there are no tasks. */
  readonly tasks?: TaskDirectory;
  /** Read for every call, so that a new set of policies takes effect with the next one. */
  readonly policy: () => PolicyEngine;
  readonly limiter: RateLimiter;
  readonly approvals: Pick<Approvals, 'consume'>;
  /** Whether a tool is known to be shown otherwise than it is pinned: then nobody is asked to approve a call of it. */
  readonly differs?: (definition: Definition) => MaybePromise<boolean>;
  readonly audit: AuditLog;
  readonly recorder: Recorder;
  readonly observer: Observer;
  readonly clock: Clock;
}

/**
 * Settings, each read when it is needed, so that a reload takes effect with the next call.
 *
 * @example
 * ```ts
 * const strict = (settings: PipelineSettings): PipelineSettings =>
 *   ({ ...settings, additionalArguments: () => 'reject' });
 * ```
 */
export interface PipelineSettings {
  /** Tools of a server that the configuration allows; `undefined` = all that are pinned. */
  allowTools(server: string): readonly string[] | undefined;
  /** Whether arguments that the schema does not declare refuse the call. */
  additionalArguments(server: string): 'reject' | 'allow';
  /** The largest result of a server that is passed on, in bytes. */
  resultBytesMax(server: string): number;
  tiers(): LimitTiers;
  /** Refused calls per principal and minute; above it, every call is refused. */
  refusalsPerMinute(): number;
  approvalRules(): readonly ApprovalRule[];
  /** How long a request for approval waits that a policy asks for without a time. */
  approvalTtlMs(): number;
  /** Receives the `error_type` of every refused credential for the metric, and what was refused for the log. */
  tokenRefused(type: string, claim: RefusedClaim | undefined): void;
}

/**
 * The stages of the gateway and of `secureServer`, in the order of {@link STAGE_NAMES}.
 *
 * @example
 * ```ts
 * const guardOf = (ports: PipelinePorts, settings: PipelineSettings): Guard =>
 *   createGuard(standardPipeline(ports, settings));
 * ```
 */
export function standardPipeline(ports: PipelinePorts, settings: PipelineSettings): Stages {
  const { authenticators, tenants, catalog, policy, limiter, approvals, audit, recorder, observer, clock } = ports;
  const tasks = ports.tasks ?? NO_TASKS;
  const refusals = createRefusals({
    limiter,
    perMinute: () => settings.refusalsPerMinute(),
    // L7: not by the clock of the machine, which may be set back by hours.
    now: () => performance.now(),
    observer,
  });
  const outputCheck = createSchemaCache('outputSchema', SCHEMA_LIMITS);
  const allowTools = (server: string): readonly string[] | undefined => settings.allowTools(server);
  const mayList = createMayList({ policy, allowTools });
  const visible = createVisible({ catalog, tasks, policy, allowTools });
  const authorize = createAuthorize({ policy, tasks, observer });
  return {
    authenticate: createAuthenticate(authenticators, (type, claim) => settings.tokenRefused(type, claim)),
    tenant: createTenant(tenants, refusals),
    visible,
    validate: createValidate({ additionalArguments: (server) => settings.additionalArguments(server), outputCheck }),
    authorize,
    limit: createLimit({ limiter, tiers: () => settings.tiers(), observer }),
    approve: createApprove({
      rules: () => settings.approvalRules(),
      ttlMs: () => settings.approvalTtlMs(),
      approvals,
      ...(ports.differs !== undefined && { differs: ports.differs }),
      clock,
    }),
    inspect: createInspect({
      resultBytesMax: (server) => settings.resultBytesMax(server),
      mayList,
      mayFollow: (identity, taskId, call) => mayFollow({ visible, authorize }, identity, taskId, call),
      outputCheck,
    }),
    chargeRefusal: (identity) => refusals.charge(identity),
    audit,
    recorder,
    observer,
    clock,
  };
}

const NO_TASKS: TaskDirectory = { find: () => undefined };

/** B10: a list shows the tasks that `tasks/get` would. */
function mayFollow(
  { visible, authorize }: Pick<Stages, 'visible' | 'authorize'>,
  identity: Identity,
  taskId: string,
  listing: Call,
): boolean {
  const row = METHODS['tasks/get'];
  const server = taskId.slice(0, Math.max(0, taskId.indexOf('.')));
  const call: Call = { ...listing, method: 'tasks/get', target: { kind: 'task', server, name: taskId } };
  try {
    authorize(identity, { row, definition: visible(identity, call, row), input: {} }, call);
    return true;
  } catch {
    return false;
  }
}
