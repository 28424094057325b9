/** The pipeline every MCP call passes. */
export type {
  ApprovalDemand,
  ApprovalEvent,
  ApprovalEventKind,
  ApprovalFilter,
  ApprovalLimits,
  ApprovalPage,
  ApprovalStatus,
  ApprovalStore,
  ApproverSelector,
  Decision,
  FiledApproval,
  Filing,
  Person,
  Requester,
  ShownFirst,
} from './approval-store.ts';
export {
  DEFAULT_APPROVERS,
  demandFault,
  demandOfAnnotations,
  readDemand,
  STEP_UP_MS,
  type WrittenDemand,
} from './approvals/demand-text.ts';
export { allDemands, demandsOf } from './approvals/demands.ts';
export { CLOCK_SKEW_MS, hasExpired, isOpen, statusAt } from './approvals/expired.ts';
export { checkMayDecide } from './approvals/may-decide.ts';
export { checkMayWithdraw } from './approvals/withdraw.ts';
export { isSamePerson, isSelected, readSelector, selectorText } from './approvals/people.ts';
export {
  createApprovals,
  type ApprovalListener,
  type ApprovalRequest,
  type Approvals,
  type ApprovalsOptions,
  type ApprovalState,
  type Verdict,
} from './approvals/index.ts';
export { RULES_CHANGED } from './approvals/outdated.ts';
export { rulesDigest } from './approvals/rules-digest.ts';
export { plainText, type PlainText } from './approvals/plain-text.ts';
export { uninspectableParts, type Uninspectable } from './approvals/uninspectable.ts';
export { watchDecisions, type Decided } from './approvals/watch.ts';
export { BoundedMap } from './bounded-map.ts';
export { createByteBuffer, type ByteBuffer } from './byte-buffer.ts';
export type {
  Agent,
  Approval,
  Call,
  Credentials,
  Definition,
  DefinitionKind,
  Era,
  Grant,
  Json,
  JsonObject,
  McpResult,
  Origin,
  PolicyApproval,
  Principal,
  Session,
  Target,
  Tenant,
  User,
} from './call.ts';
export { DURATION, readDuration } from './duration.ts';
export type { ClientChannel, SendUpstream, ServerNotification } from './client-channel.ts';
export {
  asGuardError,
  ERRORS,
  GuardError,
  refusalResult,
  type ErrorCode,
  type ErrorDetail,
  type ErrorRow,
} from './errors.ts';
export { errorText } from './error-text.ts';
export {
  createFairShares,
  shareHolder,
  shareHolderOf,
  shareRefusal,
  takeShare,
  usedUpBy,
  type FairShares,
  type ShareHolder,
  type UsedUp,
} from './fair-shares.ts';
export { createGuard, type Execute, type Guard, type Identity, type Stages, type ValidatedCall } from './guard.ts';
export { tenantId, type Digest, type PrincipalKey, type TenantId } from './identifiers.ts';
export { jsonDigest } from './json/digest.ts';
export { asObject, isObject } from './json/is-object.ts';
export { isLoopback } from './loopback.ts';
export { andThen, type MaybePromise } from './maybe-promise.ts';
export {
  ACTIONS,
  INTERNAL_METHODS,
  isMcpMethod,
  isMethod,
  MCP_METHODS,
  methodRow,
  METHODS,
  type Action,
  type InternalMethod,
  type McpMethod,
  type Method,
  type MethodRow,
} from './methods.ts';
export { permitHolder, spendPermit, type Permit, type Permitted } from './permit.ts';
export type {
  PendingDigest,
  PendingPin,
  Pin,
  PinChange,
  PinStore,
  Rejection,
  WithheldDefinition,
} from './pin-store.ts';
export { STAGE_NAMES } from './ports.ts';
export type {
  ApiKey,
  AuditLog,
  Authenticator,
  Catalog,
  Clock,
  KeyStore,
  LimitRule,
  LimitVerdict,
  Log,
  LogLevel,
  Observer,
  PolicyDecision,
  PolicyEngine,
  PolicyRequest,
  RateLimiter,
  SessionDirectory,
  StageName,
  TaskDirectory,
  TaskOrigin,
  TenantDirectory,
} from './ports.ts';
export { uriFault, uriTemplateFault } from './resource-uri.ts';
export { createSealer, type Sealer } from './seal.ts';
export { hideSecrets, REDACTED } from './secret-text.ts';
export { standardPipeline, type PipelinePorts, type PipelineSettings } from './standard-pipeline.ts';
export type { AuditRecord, Outcome, OutcomeStatus, Recorder, Trail } from './audit/record.ts';
