/**
 * What the audit log says of a call: OCSF 1.8 API Activity (class 6003) with the MCP fields of the contract,
 * RFC 8785 canonical, one document a record.
 */
import type { Approval, Call, Definition, Grant, JsonObject, McpResult, Principal, Tenant } from '../call.ts';
import type { GuardError } from '../errors.ts';
import type { MethodRow } from '../methods.ts';

/** One entry of the audit log, as the JSON document that will be canonicalised and hashed. */
export type AuditRecord = JsonObject;

export type OutcomeStatus = 'success' | 'refused' | 'error' | 'unknown';

/** What the guard learned of one call so far; only `guard.ts` writes it, and only the records are made from it. */
export interface Trail {
  readonly call: Call;
  readonly startedAtMs: number;
  /** Joins intent and outcome. */
  readonly recordId: string;
  row: MethodRow | undefined;
  principal: Principal | undefined;
  tenant: Tenant | undefined;
  definition: Definition | undefined;
  /** What the policies decided: a refusal of theirs has one as well. */
  grant: Grant | undefined;
  approval: Approval | undefined;
  /** True from the moment that something may have happened. */
  executed: boolean;
  result: McpResult | undefined;
  error: GuardError | undefined;
}

/** How one call ended. A refusal is a value like any other. */
export type Outcome = {
  readonly correlationId: string;
  readonly method: string;
  readonly durationMs: number;
  readonly principal: Principal | undefined;
  readonly tenant: Tenant | undefined;
  readonly definition: Definition | undefined;
  readonly executed: boolean;
} & (
  | { readonly status: 'success'; readonly result: McpResult }
  | { readonly status: 'refused' | 'error'; readonly error: GuardError }
);

/** Turns a trail into the two records. */
export interface Recorder {
  intent(trail: Trail): AuditRecord;
  outcome(trail: Trail, endedAt: number): AuditRecord;
}

export function openTrail(call: Call, startedAt: number): Trail {
  return {
    call,
    startedAtMs: startedAt,
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

export function closeTrail(trail: Trail, endedAt: number): Outcome {
  const { call, principal, tenant, definition, executed, result, error } = trail;
  const head = {
    correlationId: call.origin.correlationId,
    method: call.method,
    durationMs: endedAt - trail.startedAtMs,
    principal,
    tenant,
    definition,
    executed,
  };
  if (error === undefined && result !== undefined) return { ...head, status: 'success', result };
  if (error === undefined) throw new Error('a trail closes with a result or an error');
  return { ...head, status: executed ? 'error' : 'refused', error };
}
