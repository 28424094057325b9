/** The pipeline every MCP call passes. */
export * from './call.ts';
export * from './errors.ts';
export * from './guard.ts';
export { standardHouse, type HousePorts, type HouseRules } from './house.ts';
export * from './methods.ts';
export { holderOf, spendPermit, type Permit, type Permitted } from './permit.ts';
export * from './ports.ts';
export * from './relay.ts';
export { createSealer, type Sealer } from './seal.ts';
export type { AuditRecord, Outcome, Recorder, Status, Trail } from './audit/record.ts';
