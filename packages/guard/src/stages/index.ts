/** The stages of the guard, one folder each. A stage is one function of `Stages`. */
export { approvalDigest, callDemand, createApprove, type ApprovalRule, type CallDemand } from './approve/index.ts';
export {
  API_KEY_ISSUER,
  checkContentDigest,
  claimedUser,
  createApiKeyAuthenticator,
  createAuthenticate,
  createAccessTokenAuthenticator,
  createCredentialReader,
  firstOf,
  IDENTITY_PROVIDERS,
  mintApiKey,
  principalKey,
  PROOF_ALGORITHMS,
  userPartOf,
  readAuthorization,
  subjectOfIdToken,
  type IdentityProviderName,
  type Introspect,
  type JwtIssuer,
  type KeySource,
  type RefusedClaim,
  type RequestHead,
} from './authenticate/index.ts';
export { createAuthorize } from './authorize/index.ts';
export { createInspect } from './inspect/index.ts';
export {
  addressRule,
  createLimit,
  createRefusals,
  retryDetail,
  type LimitSetting,
  type LimitTiers,
  type Refusals,
} from './limit/index.ts';
export { createTenant, GATEWAY_TENANT } from './tenant/index.ts';
export {
  compileSchema,
  createSchemaCache,
  createValidate,
  SCHEMA_LIMITS,
  whyUncheckable,
  type CheckSchema,
  type SchemaCache,
  type SchemaFault,
  type SchemaLimits,
} from './validate/index.ts';
export { createMayList, createVisible } from './visible/index.ts';
