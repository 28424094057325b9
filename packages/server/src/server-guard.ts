/** The guard of one server: the standard pipeline with in-memory ports, and the roles of the tools as its policy. */
import {
  createApprovals,
  createGuard,
  standardPipeline,
  type Definition,
  type Guard,
  type PipelinePorts,
  type PipelineSettings,
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
import type { LimitTiers } from '@sallyport/guard/stages';
import { rolesPolicy } from './roles-policy.ts';
import type { SecureServerOptions } from './options.ts';
import type { Tool } from './tool.ts';

const DEFAULT_LIMITS: LimitTiers = { default: [{ limit: 100, periodMs: 60_000, per: ['user', 'tool'] }] };
const RESULT_BYTES_MAX = 1024 * 1024;

/** @param definitions the tools as the guard knows them, by name. */
export function createServerGuard(
  { authenticators, tenants, audit, hashingKey, limits = DEFAULT_LIMITS }: SecureServerOptions,
  tools: ReadonlyMap<string, Tool>,
  definitions: ReadonlyMap<string, Definition>,
): Guard {
  const policy = rolesPolicy(tools);
  const ports = {
    authenticators,
    tenants: directoryOf(tenants),
    catalog: { find: (target) => (target.kind === 'tool' ? definitions.get(target.name) : undefined) },
    policy: () => policy,
    limiter: createMemoryRateLimiter(steadyClock),
    approvals: createApprovals(createMemoryApprovalStore(), systemClock),
    audit,
    observer: silentObserver,
    clock: systemClock,
    recorder: createRecorder(createRedactor({ keyOf: () => hashingKey, clear: () => [] })),
  } satisfies PipelinePorts;
  return createGuard(standardPipeline(ports, settingsOf(limits)));
}

const settingsOf = (limits: LimitTiers): PipelineSettings => ({
  allowTools: () => undefined,
  additionalArguments: () => 'reject',
  resultBytesMax: () => RESULT_BYTES_MAX,
  tiers: () => limits,
  refusalsPerMinute: () => 120,
  approvalRules: () => [],
  approvalTtlMs: () => 600_000,
  tokenRefused: () => {},
});

const isList = (tenants: SecureServerOptions['tenants']): tenants is readonly string[] => Array.isArray(tenants);

const directoryOf = (tenants: SecureServerOptions['tenants']): TenantDirectory =>
  isList(tenants) ? createMemoryTenants(() => tenants) : tenants;
