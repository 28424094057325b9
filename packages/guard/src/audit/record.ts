/** What the guard learns about a call while it runs, and what follows from it: the records and the outcome. */
import type { Approval, Call, Definition, Grant, JsonObject, McpResult, Principal, Tenant } from '../call.ts';
import type { GuardError } from '../errors.ts';
import type { MethodRow } from '../methods.ts';

/**
 * One entry of the audit log, as the JSON document that is canonicalised (RFC 8785) and hashed. Records of calls are
 * OCSF 1.8 API Activity (class 6003).
 *
 * @example
 * ```ts
 * const operationOf = (record: AuditRecord): Json | undefined => asObject(record['api'])['operation'];
 * ```
 */
export type AuditRecord = JsonObject;

/**
 * `refused` = nothing was executed; `error` = it was executed, and failed or is withheld; `unknown` = the process ended
 * before the outcome was recorded.
 *
 * @example
 * ```ts
 * const isSettled = (status: OutcomeStatus): boolean => status !== 'unknown';
 * ```
 */
export type OutcomeStatus = 'success' | 'refused' | 'error' | 'unknown';

/**
 * What the guard learned about one call so far. Only `guard.ts` writes it, and only the records are made from it.
 *
 * @example
 * ```ts
 * const wasRefused = (trail: Trail): boolean => trail.error !== undefined && !trail.executed;
 * ```
 */
export interface Trail {
  readonly call: Call;
  readonly startedAtMs: number;
  /** Joins intent and outcome. */
  readonly recordId: string;
  row: MethodRow | undefined;
  principal: Principal | undefined;
  tenant: Tenant | undefined;
  definition: Definition | undefined;
  /** What the policies decided, also when they refused. */
  grant: Grant | undefined;
  approval: Approval | undefined;
  /** True from the moment that the tool may have had an effect. */
  executed: boolean;
  result: McpResult | undefined;
  error: GuardError | undefined;
}

/**
 * How one call ended. A refusal is a value like any other.
 *
 * @example
 * ```ts
 * const errorCode = (outcome: Outcome): ErrorCode | undefined =>
 *   outcome.status === 'success' ? undefined : outcome.error.code;
 * ```
 */
export type Outcome = {
  readonly correlationId: string;
  readonly method: string;
  readonly durationMs: number;
  readonly principal: Principal | undefined;
  readonly tenant: Tenant | undefined;
  readonly definition: Definition | undefined;
  /** That was used for the call. */
  readonly approval?: Approval | undefined;
  readonly executed: boolean;
} & (
  | { readonly status: 'success'; readonly result: McpResult }
  | { readonly status: 'refused' | 'error'; readonly error: GuardError }
);

/**
 * Turns a trail into the two records of a call.
 *
 * @example
 * ```ts
 * const methodOnly: Recorder = {
 *   intent: ({ call }) => ({ phase: 'intent', method: call.method }),
 *   outcome: ({ call }) => ({ phase: 'outcome', method: call.method }),
 * };
 * ```
 */
export interface Recorder {
  intent(trail: Trail): AuditRecord;
  outcome(trail: Trail, endedAtMs: number): AuditRecord;
}

/** The trail of a call that has just arrived. */
export function openTrail(call: Call, startedAtMs: number): Trail {
  return {
    call,
    startedAtMs,
    recordId: crypto.randomUUID(),
    row: undefined,
    principal: undefined,
    tenant: undefined,
    definition: undefined,
    grant: undefined,
    approval: undefined,
    executed: false,
    result: undefined,
    error: undefined,
  };
}

/** The outcome that the caller of the guard gets. */
export function closeTrail(trail: Trail, endedAtMs: number): Outcome {
  const { call, principal, tenant, definition, approval, executed, result, error } = trail;
  const common = {
    correlationId: call.origin.correlationId,
    method: call.method,
    durationMs: endedAtMs - trail.startedAtMs,
    principal,
    tenant,
    definition,
    approval,
    executed,
  };
  if (error === undefined && result !== undefined) return { ...common, status: 'success', result };
  if (error === undefined) throw new Error('a trail closes with a result or an error');
  return { ...common, status: executed ? 'error' : 'refused', error };
}
