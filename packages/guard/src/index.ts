/** The pipeline every MCP call passes. */
export * from './call.ts';
export * from './errors.ts';
export * from './guard.ts';
export { standardPipeline as standardHouse, type PipelinePorts as HousePorts, type PipelineSettings as HouseRules } from './standard-pipeline.ts';
export * from './methods.ts';
export { permitHolder as holderOf, spendPermit, type Permit, type Permitted } from './permit.ts';
export * from './ports.ts';
export * from './client-channel.ts';
export { createSealer, type Sealer } from './seal.ts';
export type { AuditRecord, Outcome, Recorder, OutcomeStatus as Status, Trail } from './audit/record.ts';
