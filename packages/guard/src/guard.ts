/**
 * The guard: the only way to a tool. List order is code order is execution order.
 *
 * Every stage returns what it learned or throws a GuardError; what one learned goes to the next as an argument, so a
 * wrong order does not compile. There is one `catch`, and what it catches is a refusal.
 */
import type { Call, Definition, Grant, JsonObject, McpResult, Principal, Tenant, Approval } from './call.ts';
import { asGuardError, GuardError } from './errors.ts';
import { methodRow, type MethodRow } from './methods.ts';
import { mintPermit, type Permit } from './permit.ts';
import type { AuditLog, Clock, Observer, StageName } from './ports.ts';
import { closeTrail, openTrail, type Outcome, type Recorder, type Trail } from './audit/record.ts';

/** The stages, each one function. `standardPipeline` in `standard-pipeline.ts` builds the usual ones from ports. */
export interface Stages {
  authenticate(call: Call): Principal | Promise<Principal>;
  tenant(principal: Principal, call: Call): Tenant | Promise<Tenant>;
  visible(who: Identity, call: Call, row: MethodRow): Definition | undefined;
  validate(call: Call, row: MethodRow, definition: Definition | undefined): JsonObject;
  authorize(who: Identity, judged: ValidatedCall, call: Call): Grant | undefined;
  limit(who: Identity, judged: ValidatedCall): void | Promise<void>;
  approve(
    who: Identity,
    judged: ValidatedCall,
    grant: Grant | undefined,
  ): Approval | undefined | Promise<Approval | undefined>;
  inspect(result: McpResult, who: Identity, judged: ValidatedCall, call: Call): McpResult;
  /** A refused call costs too: charged once the outcome is known. */
  chargeRefusal(who: Identity): void;
  readonly audit: AuditLog;
  readonly recorder: Recorder;
  readonly observer: Observer;
  readonly clock: Clock;
}

/** Who calls, and for whom. */
export interface Identity {
  readonly principal: Principal;
  readonly tenant: Tenant;
}

/** What is judged: validated input only. */
export interface ValidatedCall {
  readonly row: MethodRow;
  readonly definition: Definition | undefined;
  readonly input: JsonObject;
}

export type Execute = (permit: Permit) => Promise<McpResult>;

export interface Guard {
  /**
   * Runs one call through every stage. Never rejects: a refusal is a returned value that no transport can forget.
   * `execute` is called at most once, and only after the intent is durable.
   */
  run(call: Call, execute: Execute): Promise<Outcome>;
}

export function createGuard(house: Stages): Guard {
  return { run: (call, execute) => run(house, call, execute) };
}

async function run(house: Stages, call: Call, execute: Execute): Promise<Outcome> {
  const trail = openTrail(call, house.clock.now());
  const step = stopwatch(house.observer);
  try {
    const row = (trail.row = methodOf(call));
    const principal = (trail.principal = await house.authenticate(call));
    step('authenticate');
    const tenant = (trail.tenant = await house.tenant(principal, call));
    step('tenant');
    const who: Identity = { principal, tenant };
    const definition = (trail.definition = house.visible(who, call, row));
    step('visible');
    const input = house.validate(call, row, definition);
    step('validate');
    const judged: ValidatedCall = { row, definition, input };
    const grant = (trail.grant = house.authorize(who, judged, call));
    step('authorize');
    await house.limit(who, judged);
    step('limit');
    const approval = (trail.approval = await house.approve(who, judged, grant));
    step('approve');
    if (row.audit === 'intent and outcome') await recordIntent(house, trail);
    step('intent');
    trail.executed = true;
    const raw = await execute(mintPermit({ call, principal, tenant, definition, grant, approval }));
    step('upstream');
    trail.result = house.inspect(raw, who, judged, call);
    step('inspect');
  } catch (thrown) {
    trail.error = asGuardError(thrown);
    trail.grant ??= trail.error.detail.decision;
    if (trail.principal && trail.tenant && !trail.executed)
      house.chargeRefusal({ principal: trail.principal, tenant: trail.tenant });
  }
  await recordOutcome(house, trail);
  step('outcome');
  return closeTrail(trail, house.clock.now());
}

function methodOf(call: Call): MethodRow {
  const row = methodRow(call.method);
  if (row === undefined || !row.eras.includes(call.origin.era)) throw new GuardError('method_not_found');
  return row;
}

/** Invariant 2: no record, no action. */
async function recordIntent(house: Stages, trail: Trail): Promise<void> {
  const started = performance.now();
  try {
    await house.audit.append(trail.tenant?.id ?? '_', house.recorder.intent(trail));
  } catch (cause) {
    throw new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
  }
  house.observer.recorded('intent', performance.now() - started);
}

/** What was executed and cannot be recorded is withheld; what was refused and cannot be recorded stays refused. */
async function recordOutcome(house: Stages, trail: Trail): Promise<void> {
  if (trail.row?.audit === 'refused only' && trail.error === undefined) return;
  const started = performance.now();
  try {
    await house.audit.append(trail.tenant?.id ?? '_', house.recorder.outcome(trail, house.clock.now()));
    house.observer.recorded('outcome', performance.now() - started);
  } catch (cause) {
    trail.result = undefined;
    trail.error = trail.executed
      ? new GuardError('result_withheld', { cause })
      : new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
  }
}

function stopwatch(observer: Observer): (stage: StageName) => void {
  let last = performance.now();
  return (stage) => {
    const now = performance.now();
    observer.stage(stage, now - last);
    last = now;
  };
}
