/** The in-memory version of every port: the default when embedded, and the test double. */
export { answersLater, type AnswersLater } from './answers-later.ts';
export { createMemoryApprovalStore } from './approval-store.ts';
export { createMemoryAuditLog, type MemoryAuditLog } from './audit-log.ts';
export { createManualClock, steadyClock, systemClock } from './clock.ts';
export { createMemoryKeys } from './keys.ts';
export { silentObserver } from './observer.ts';
export { createMemoryPins } from './pins.ts';
export { createMemoryRateLimiter } from './rate-limiter.ts';
export { createMemorySessions } from './sessions.ts';
export { createMemoryTenants } from './tenants.ts';
