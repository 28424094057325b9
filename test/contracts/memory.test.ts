/** The in-memory version of every port keeps the contract of the port. */
import { createApprovals } from '@sallyport/guard';
import {
  createMemoryApprovalStore,
  createMemoryAuditLog,
  createMemoryKeys,
  createMemoryPins,
  createMemoryRateLimiter,
  createMemorySessions,
  createMemoryTenants,
} from '@sallyport/guard/memory';
import { approvalsContract } from './approvals.ts';
import { auditLogContract } from './audit-log.ts';
import { keysContract } from './keys.ts';
import { forgetful } from './opened-port.ts';
import { pinsContract } from './pins.ts';
import { rateLimiterContract } from './rate-limiter.ts';
import { sessionsContract } from './sessions.ts';
import { tenantsContract } from './tenants.ts';

rateLimiterContract('memory', (clock) => forgetful(createMemoryRateLimiter(clock)));
sessionsContract('memory', (clock) => forgetful(createMemorySessions(clock)));
keysContract('memory', () => forgetful(createMemoryKeys()));
pinsContract('memory', () => forgetful(createMemoryPins()));

approvalsContract('memory', (clock) => {
  const limits = { pendingMax: 5, agentPendingMax: 10, tenantPendingMax: 120 };
  return { ...forgetful(createApprovals(createMemoryApprovalStore(), clock, limits)), ...limits };
});

tenantsContract('memory', () => {
  let ids: readonly string[] = [];
  return { ...forgetful(createMemoryTenants(() => ids)), set: (next) => void (ids = next) };
});

auditLogContract('memory', () => {
  const log = createMemoryAuditLog();
  return { ...forgetful(log), records: (tenant) => log.records(tenant) };
});
