/** The usual stages, built from ports: what the gateway and `@sallyport/server` both put into `createGuard`. */
import type { Stages } from './guard.ts';
import type {
  ApprovalStore,
  AuditLog,
  Authenticator,
  Catalog,
  Clock,
  Observer,
  PolicyEngine,
  RateLimiter,
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
} from './stages/index.ts';

export interface PipelinePorts {
  readonly authenticators: readonly Authenticator[];
  readonly tenants: TenantDirectory;
  readonly catalog: Catalog;
  /** Asked for every call: a new set of policies takes effect with the next call. */
  readonly policy: () => PolicyEngine;
  readonly limiter: RateLimiter;
  readonly approvals: ApprovalStore;
  readonly audit: AuditLog;
  readonly recorder: Recorder;
  readonly observer: Observer;
  readonly clock: Clock;
}

/** Settings, each read when it is needed, so that a reload takes effect with the next call. */
export interface PipelineSettings {
  allowTools(server: string): readonly string[] | undefined;
  additionalArguments(server: string): 'reject' | 'allow';
  maxResultBytes(server: string): number;
  tiers(): LimitTiers;
  refusalsPerMinute(): number;
  approvalRules(): readonly ApprovalRule[];
  approvalTtlMs(): number;
  /** Told the `error_type` of every refused credential. */
  tokenRefused(type: string): void;
}

export function standardPipeline(ports: PipelinePorts, rules: PipelineSettings): Stages {
  const { authenticators, tenants, catalog, policy, limiter, approvals, audit, recorder, observer, clock } = ports;
  const refusals = createRefusals({
    limiter,
    perMinute: () => rules.refusalsPerMinute(),
    now: () => clock.now(),
    observer,
  });
  const outputCheck = createSchemaCache('outputSchema', SCHEMA_LIMITS);
  const allowTools = (server: string): readonly string[] | undefined => rules.allowTools(server);
  return {
    authenticate: createAuthenticate(authenticators, (type) => rules.tokenRefused(type)),
    tenant: createTenant(tenants, refusals),
    visible: createVisible({ catalog, policy, allowTools }),
    validate: createValidate({ additionalArguments: (server) => rules.additionalArguments(server), outputCheck }),
    authorize: createAuthorize({ policy, observer }),
    limit: createLimit({ limiter, tiers: () => rules.tiers(), observer }),
    approve: createApprove({
      rules: () => rules.approvalRules(),
      store: approvals,
      ttlMs: () => rules.approvalTtlMs(),
      clock,
    }),
    inspect: createInspect({
      maxResultBytes: (server) => rules.maxResultBytes(server),
      mayList: createMayList({ policy, allowTools }),
      outputCheck,
    }),
    chargeRefusal: (who) => refusals.charge(who),
    audit,
    recorder,
    observer,
    clock,
  };
}
