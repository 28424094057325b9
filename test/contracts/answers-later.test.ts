/**
 * Every store port may answer later, as a database behind a network does. These are the in-memory versions behind a
 * wrapper that answers every method later; they pass the contract suites of the ports.
 */
import { createApprovals } from '@sallyport/guard';
import {
  answersLater,
  createMemoryApprovalStore,
  createMemoryKeys,
  createMemoryPins,
  createMemoryRateLimiter,
  createMemorySessions,
  createMemoryTenants,
} from '@sallyport/guard/memory';
import { approvalsContract } from './approvals.ts';
import { keysContract } from './keys.ts';
import { forgetful } from './opened-port.ts';
import { pinsContract } from './pins.ts';
import { rateLimiterContract } from './rate-limiter.ts';
import { sessionsContract } from './sessions.ts';
import { tenantsContract } from './tenants.ts';

rateLimiterContract('a store that answers later', (clock) => forgetful(answersLater(createMemoryRateLimiter(clock))));
sessionsContract('a store that answers later', (clock) => forgetful(answersLater(createMemorySessions(clock))));
keysContract('a store that answers later', () => forgetful(answersLater(createMemoryKeys())));
pinsContract('a store that answers later', () => {
  const pins = createMemoryPins();
  return { ...forgetful(answersLater(pins)), beside: () => answersLater(pins) };
});

approvalsContract('a store that answers later', (clock) => {
  const limits = { pendingMax: 5, agentPendingMax: 10, tenantPendingMax: 120 };
  return {
    ...forgetful(createApprovals(answersLater(createMemoryApprovalStore()), clock, limits)),
    ...limits,
  };
});

tenantsContract('a store that answers later', () => {
  let ids: readonly string[] = [];
  return { ...forgetful(answersLater(createMemoryTenants(() => ids))), set: (next) => void (ids = next) };
});
