/**
 * The guard: the only way to a tool. List order is code order is execution order.
 *
 * Every stage returns what it learned or throws a GuardError. What one stage learned goes to the next as an argument,
 * so a wrong order does not compile. There is one `catch`, and what it catches is a refusal.
 */
import type {
  Approval,
  Call,
  Credentials,
  Definition,
  Grant,
  JsonObject,
  McpResult,
  Principal,
  Tenant,
} from './call.ts';
import { closeTrail, openTrail, type Outcome, type Recorder, type Trail } from './audit/record.ts';
import { asGuardError, GuardError } from './errors.ts';
import { andThen, type MaybePromise } from './maybe-promise.ts';
import { methodRow, type MethodRow } from './methods.ts';
import { mintPermit, type Permit } from './permit.ts';
import type { AuditLog, Clock, Observer, StageName } from './ports.ts';

/**
 * The stages, each one function, and the ports that the guard itself uses. {@link standardPipeline} builds the usual
 * ones.
 *
 * @example
 * ```ts
 * const withoutLimits = (stages: Stages): Stages => ({ ...stages, limit: () => undefined });
 * ```
 */
export interface Stages {
  authenticate(call: Pick<Call, 'credentials'>): MaybePromise<Principal>;
  tenant(principal: Principal, call: Pick<Call, 'credentials' | 'session'>): MaybePromise<Tenant>;
  visible(identity: Identity, call: Call, row: MethodRow): Definition | undefined;
  validate(call: Call, row: MethodRow, definition: Definition | undefined): JsonObject;
  authorize(identity: Identity, validated: ValidatedCall, call: Call): Grant | undefined;
  limit(identity: Identity, validated: ValidatedCall): MaybePromise<void>;
  approve(
    identity: Identity,
    validated: ValidatedCall,
    grant: Grant | undefined,
    call: Call,
  ): MaybePromise<Approval | undefined>;
  /**
   * Prepares the inspection of the result. Called before the call is executed, so that a reload meanwhile does not
   * change what the result may be.
   */
  inspect(identity: Identity, validated: ValidatedCall, call: Call): (result: McpResult) => McpResult;
  /** Charges the refusal budget of the caller for a call that was refused. */
  chargeRefusal(identity: Identity): void;
  readonly audit: AuditLog;
  readonly recorder: Recorder;
  readonly observer: Observer;
  readonly clock: Clock;
}

/**
 * Who calls, and for which tenant.
 *
 * @example
 * ```ts
 * const label = ({ principal, tenant }: Identity): string => `${principal.user.subject} of ${tenant.id}`;
 * ```
 */
export interface Identity {
  readonly principal: Principal;
  readonly tenant: Tenant;
}

/**
 * What the later stages judge: the method, its pinned target and input that passed validation.
 *
 * @example
 * ```ts
 * const isToolCall = ({ definition }: ValidatedCall): boolean => definition?.kind === 'tool';
 * ```
 */
export interface ValidatedCall {
  readonly row: MethodRow;
  readonly definition: Definition | undefined;
  readonly input: JsonObject;
}

/**
 * What reaches the tool. It gets a permit and nothing else; {@link spendPermit} gives what may be sent.
 *
 * @example
 * ```ts
 * const echo: Execute = async (permit) => ({ value: spendPermit(permit).call.params });
 * ```
 */
export type Execute = (permit: Permit) => Promise<McpResult>;

/**
 * Runs calls through every stage.
 *
 * @example
 * ```ts
 * async function answer(guard: Guard, call: Call, execute: Execute): Promise<JsonObject> {
 *   const outcome = await guard.run(call, execute);
 *   return outcome.status === 'success' ? outcome.result.value : refusalResult(outcome.error, outcome.correlationId);
 * }
 * ```
 */
export interface Guard {
  /**
   * Runs one call. Never rejects: a refusal is a returned value that no transport can forget. `execute` is called at
   * most once, and only after the intent is durable.
   */
  run(call: Call, execute: Execute): Promise<Outcome>;
  /**
   * Says who presents a credential, before there is a call: a transport asks it before it reads a body. Permits
   * nothing and records nothing; `run` judges the call from the beginning.
   *
   * @throws GuardError as the first two stages do, at once or later.
   */
  identify(credentials: Credentials): MaybePromise<Identity>;
  /**
   * Says whether a call would be permitted now: by its credential, tenant, definition, arguments and policies. For
   * calls that were permitted before and whose answers are still to come. Permits, charges and records nothing.
   *
   * @returns the refusal; `undefined` when there is none. Never rejects.
   */
  judge(call: Call): Promise<GuardError | undefined>;
}

/**
 * A guard with these stages.
 *
 * @example
 * ```ts
 * const guardOf = (ports: PipelinePorts, settings: PipelineSettings): Guard =>
 *   createGuard(standardPipeline(ports, settings));
 * ```
 */
export function createGuard(stages: Stages): Guard {
  return {
    run: (call, execute) => run(stages, call, execute),
    identify: (credentials) => identify(stages, credentials),
    judge: (call) => judge(stages, call),
  };
}

function identify(stages: Stages, credentials: Credentials): MaybePromise<Identity> {
  return andThen(stages.authenticate({ credentials }), (principal) =>
    andThen(stages.tenant(principal, { credentials, session: undefined }), (tenant) => ({ principal, tenant })),
  );
}

async function judge(stages: Stages, call: Call): Promise<GuardError | undefined> {
  try {
    const row = rowOf(call);
    const principal = await stages.authenticate(call);
    const identity: Identity = { principal, tenant: await stages.tenant(principal, call) };
    const definition = stages.visible(identity, call, row);
    stages.authorize(identity, { row, definition, input: stages.validate(call, row, definition) }, call);
    return undefined;
  } catch (thrown) {
    return asGuardError(thrown);
  }
}

async function run(stages: Stages, call: Call, execute: Execute): Promise<Outcome> {
  const trail = openTrail(call, stages.clock.now());
  const completed = stopwatch(stages.observer);
  try {
    const row = rowOf(call);
    trail.row = row;
    const principal = await stages.authenticate(call);
    trail.principal = principal;
    completed('authenticate');
    const tenant = await stages.tenant(principal, call);
    trail.tenant = tenant;
    completed('tenant');
    const identity: Identity = { principal, tenant };
    const definition = stages.visible(identity, call, row);
    trail.definition = definition;
    completed('visible');
    const validated: ValidatedCall = { row, definition, input: stages.validate(call, row, definition) };
    const inspect = stages.inspect(identity, validated, call);
    completed('validate');
    const grant = stages.authorize(identity, validated, call);
    trail.grant = grant;
    completed('authorize');
    await stages.limit(identity, validated);
    completed('limit');
    const approval = await stages.approve(identity, validated, grant, call);
    trail.approval = approval;
    completed('approve');
    if (row.audit === 'intent and outcome') await recordIntent(stages, trail);
    completed('intent');
    trail.executed = true;
    const result = await execute(mintPermit({ call, principal, tenant, definition, grant, approval }));
    completed('upstream');
    trail.result = inspect(result);
    completed('inspect');
  } catch (thrown) {
    trail.error = asGuardError(thrown);
    trail.grant ??= trail.error.detail.decision;
  }
  await recordOutcome(stages, trail);
  completed('outcome');
  chargeRefusal(stages, trail);
  return closeTrail(trail, stages.clock.now());
}

function rowOf(call: Call): MethodRow {
  const row = methodRow(call.method);
  if (row === undefined || !row.eras.includes(call.origin.era)) throw new GuardError('method_not_found');
  return row;
}

/** Invariant 2: no record, no action. */
async function recordIntent(stages: Stages, trail: Trail): Promise<void> {
  const startedMs = performance.now();
  try {
    await stages.audit.append(trail.tenant?.id ?? '_', stages.recorder.intent(trail));
  } catch (cause) {
    throw new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
  }
  stages.observer.recorded('intent', performance.now() - startedMs);
}

/** What was executed and cannot be recorded is withheld; what was refused and cannot be recorded stays refused. */
async function recordOutcome(stages: Stages, trail: Trail): Promise<void> {
  if (trail.row?.audit === 'refused only' && trail.error === undefined) return;
  const startedMs = performance.now();
  try {
    await stages.audit.append(trail.tenant?.id ?? '_', stages.recorder.outcome(trail, stages.clock.now()));
    stages.observer.recorded('outcome', performance.now() - startedMs);
  } catch (cause) {
    trail.result = undefined;
    trail.error = trail.executed
      ? new GuardError('result_withheld', { cause })
      : new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
  }
}

/**
 * A refused call is charged as well. It is recorded by now, so a limiter that fails must not turn the refusal into a
 * rejection.
 */
function chargeRefusal(stages: Stages, { principal, tenant, executed }: Trail): void {
  if (principal === undefined || tenant === undefined || executed) return;
  try {
    stages.chargeRefusal({ principal, tenant });
  } catch {
    // Nothing to undo: the caller is refused, only its budget stays as it was.
  }
}

/** Reports the time since the previous step. */
function stopwatch(observer: Observer): (step: StageName) => void {
  let previousMs = performance.now();
  return (step) => {
    const nowMs = performance.now();
    observer.stage(step, nowMs - previousMs);
    previousMs = nowMs;
  };
}
