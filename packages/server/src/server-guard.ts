/** The guard of one server: the standard pipeline, with the permissions of the items as its policy. */
import {
  andThen,
  createApprovals,
  createGuard,
  standardPipeline,
  type Approvals,
  type Authenticator,
  type Definition,
  type Guard,
  type PipelinePorts,
  type PipelineSettings,
  type PolicyEngine,
  type Sealer,
  type Stages,
  type TenantDirectory,
} from '@sallyport/guard';
import { createRecorder, createRedactor } from '@sallyport/guard/audit';
import {
  createMemoryApprovalStore,
  createMemoryRateLimiter,
  createMemoryTenants,
  silentObserver,
  steadyClock,
  systemClock,
} from '@sallyport/guard/memory';
import { createLimit, type ApprovalRule, type LimitTiers } from '@sallyport/guard/stages';
import { readApproval } from './approval.ts';
import { createHeldTaskIds, withHeldTasks } from './edge/tasks/held-task-ids.ts';
import { readLimit } from './limit-text.ts';
import { LOCAL_ROLE, LOCAL_TENANT } from './local-identity.ts';
import type { SecureServerOptions } from './options.ts';
import { permissionPolicy } from './permission-policy.ts';
import type { Records } from './records.ts';
import type { AnyItem, ItemCatalog } from './serve/catalog.ts';

const DEFAULT_LIMIT = '100/min';
const RESULT_BYTES_MAX = 1024 * 1024;
const APPROVAL_TTL_MS = 600_000;

/** The guard, and what its owner asks about it. */
export interface ServerGuard {
  readonly guard: Guard;
  readonly approvals: Approvals;
  readonly policy: PolicyEngine;
}

/** @param authenticators tried in order. */
export function createServerGuard(
  options: SecureServerOptions,
  catalog: ItemCatalog,
  authenticators: readonly Authenticator[],
  { audit, hashingKey }: Records,
  sealer: Sealer,
): ServerGuard {
  const own = permissionPolicy(catalog, { [LOCAL_ROLE]: ['*'], ...options.roles });
  const policy = options.policy === undefined ? own : bothAllow(own, options.policy);
  const limiter = createMemoryRateLimiter(steadyClock);
  const approvals = createApprovals(options.approvals?.store ?? createMemoryApprovalStore(), systemClock);
  const ports = {
    authenticators,
    tenants: directoryOf(options.tenants),
    catalog,
    tasks: withHeldTasks({ find: () => undefined }, createHeldTaskIds(sealer, systemClock)),
    policy: () => policy,
    limiter,
    approvals,
    audit,
    observer: silentObserver,
    clock: systemClock,
    recorder: createRecorder(createRedactor({ keyOf: hashingKey, clear: () => [] })),
  } satisfies PipelinePorts;
  const stages = standardPipeline(ports, settingsOf(options, catalog));
  const guard = createGuard({ ...stages, limit: limitOf(stages, catalog, limiter) });
  return { guard, approvals, policy };
}

/** A tool with a limit of its own has that one, all others have the limit of the server. */
function limitOf(stages: Stages, catalog: ItemCatalog, limiter: PipelinePorts['limiter']): Stages['limit'] {
  const own = new Map<Definition, Stages['limit']>();
  for (const definition of catalog.definitions) {
    const limit = catalog.itemOf(definition)?.limit;
    if (limit === undefined) continue;
    const tiers: LimitTiers = { default: [readLimit(limit, definition.name)] };
    own.set(definition, createLimit({ limiter, tiers: () => tiers, observer: stages.observer }));
  }
  return (identity, validated) => {
    const limit = validated.definition && validated.row.target !== 'task' ? own.get(validated.definition) : undefined;
    return limit === undefined
      ? stages.limit(identity, validated)
      : andThen(limit(identity, validated), () => undefined);
  };
}

function settingsOf(options: SecureServerOptions, catalog: ItemCatalog): PipelineSettings {
  const tiers = tiersOf(options.limits);
  const ttlMs = options.approvals?.ttlMs ?? APPROVAL_TTL_MS;
  const rules = catalog.items.flatMap((item) => approvalRule(options.name, item, ttlMs));
  return {
    allowTools: () => undefined,
    additionalArguments: () => 'reject',
    resultBytesMax: () => options.resultBytesMax ?? RESULT_BYTES_MAX,
    tiers: () => tiers,
    refusalsPerMinute: () => 120,
    approvalRules: () => rules,
    approvalTtlMs: () => ttlMs,
    tokenRefused: () => {},
  };
}

function tiersOf(limits: SecureServerOptions['limits'] = DEFAULT_LIMIT): LimitTiers {
  if (typeof limits === 'string') return { default: [readLimit(limits, 'limits')] };
  if (!Object.hasOwn(limits, 'default')) throw new RangeError('limits must have a "default" tier');
  return limits;
}

function approvalRule(server: string, { kind, name, approval, inputOf }: AnyItem, ttlMs: number): ApprovalRule[] {
  if (kind !== 'tool' || approval === undefined) return [];
  const written = readApproval(approval, name);
  const demand = { ...written.demand, source: `tool ${name}` };
  const rule = { server, tool: name, demand, ttlMs: written.ttlMs ?? ttlMs };
  if (typeof approval !== 'object') return [rule];
  const holds = (input: unknown): boolean | 'unclear' => {
    try {
      return approval.when(inputOf?.(input as never) as never);
    } catch {
      return 'unclear';
    }
  };
  return [{ ...rule, when: ({ input }) => holds(input ?? {}) }];
}

/** Denies what either of the two denies. */
function bothAllow(first: PolicyEngine, second: PolicyEngine): PolicyEngine {
  return {
    get revision() {
      return `${first.revision}+${second.revision}`;
    },
    couldAllow: (request) => first.couldAllow(request) && second.couldAllow(request),
    decide(request) {
      const decision = first.decide(request);
      return decision.effect === 'deny' ? decision : second.decide(request);
    },
  };
}

const isList = (tenants: readonly string[] | TenantDirectory): tenants is readonly string[] => Array.isArray(tenants);

const directoryOf = (tenants: SecureServerOptions['tenants'] = [LOCAL_TENANT]): TenantDirectory =>
  isList(tenants) ? createMemoryTenants(() => tenants) : tenants;
