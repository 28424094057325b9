/**
 * Cedar policies (https://docs.cedarpolicy.com) in the JSON format, compiled to closures. Default deny; `forbid`
 * overrides; stricter than Cedar, an error in any policy that applies denies.
 *
 * Decisions are remembered per principal object and definition object: see the contract of `Principal`.
 */
import type { Definition, Grant, PolicyApproval, Principal } from '../call.ts';
import type { Action } from '../methods.ts';
import type { Clock, PolicyDecision, PolicyEngine, PolicyRequest } from '../ports.ts';
import { ACTION_ENTITIES, contextRecord, principalEntity, resourceEntity, type ContextReads } from './entities.ts';
import { compileExpression, type Environment, type Expression } from './expression.ts';
import { compileScope, type Scope, type ScopeJson } from './scope.ts';
import { EvaluationError, UNKNOWN, uidOf, type Entity, type Unknown } from './values.ts';

/**
 * One policy in Cedar's JSON format.
 *
 * @example
 * ```ts
 * const permitAll: PolicyJson = {
 *   effect: 'permit', principal: { op: 'All' }, action: { op: 'All' }, resource: { op: 'All' }, conditions: [],
 * };
 * ```
 */
export interface PolicyJson {
  readonly effect: 'permit' | 'forbid';
  readonly principal: ScopeJson;
  readonly action: ScopeJson;
  readonly resource: ScopeJson;
  readonly conditions: readonly { readonly kind: 'when' | 'unless'; readonly body: unknown }[];
}

/**
 * A policy and the id under which decisions and records name it.
 *
 * @example
 * ```ts
 * const idOf = (policy: SourcePolicy): string => policy.id;
 * ```
 */
export interface SourcePolicy {
  readonly id: string;
  readonly json: PolicyJson;
  /** What a `permit` asks of people first. */
  readonly approval?: PolicyApproval;
}

interface Policy {
  readonly id: string;
  readonly approval: PolicyApproval | undefined;
  readonly effect: 'permit' | 'forbid';
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  readonly conditions: readonly { readonly expected: boolean; readonly body: Expression }[];
}

/** Policies by the resource or server that their scope names, and those that name neither. */
interface Index {
  readonly byUid: ReadonlyMap<string, readonly Policy[]>;
  readonly anywhere: readonly Policy[];
}

/**
 * Compiles policies.
 *
 * @param revision names this set of policies in decisions and records.
 * @throws Error naming the policy that cannot be compiled.
 *
 * @example
 * ```ts
 * const denyAll = compileCedar([], 'r1', systemClock);
 * ```
 */
export function compileCedar(sources: readonly SourcePolicy[], revision: string, clock: Clock): PolicyEngine {
  const index = indexOf(sources);
  const decisions = new WeakMap<Principal, WeakMap<Definition, Map<Action, PolicyDecision>>>();
  const listings = new WeakMap<Principal, WeakMap<Definition, boolean>>();
  return {
    revision,
    decide(request) {
      const byDefinition = getOrCreate(decisions, request.principal, () => new WeakMap());
      const byAction = getOrCreate(byDefinition, request.definition, () => new Map<Action, PolicyDecision>());
      const known = byAction.get(request.action);
      if (known !== undefined) return known;
      const decision = evaluate(index, request, revision, clock.now());
      if (decision.grant.cacheable) byAction.set(request.action, decision);
      return decision;
    },
    couldAllow(request) {
      const byDefinition = getOrCreate(listings, request.principal, () => new WeakMap<Definition, boolean>());
      const known = byDefinition.get(request.definition);
      if (known !== undefined) return known;
      const could = couldEver(index, request, clock.now());
      byDefinition.set(request.definition, could);
      return could;
    },
  };
}

function getOrCreate<K extends object, V>(map: WeakMap<K, V>, key: K, create: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}

function indexOf(sources: readonly SourcePolicy[]): Index {
  const byUid = new Map<string, Policy[]>();
  const anywhere: Policy[] = [];
  for (const source of sources) {
    const policy = compilePolicy(source);
    const { json } = source;
    const { op, entity } = json.resource;
    if ((op === '==' || op === 'in') && entity !== undefined) {
      const uid = uidOf(entity.type, entity.id);
      byUid.set(uid, [...(byUid.get(uid) ?? []), policy]);
    } else anywhere.push(policy);
  }
  return { byUid, anywhere };
}

function compilePolicy({ id, json, approval }: SourcePolicy): Policy {
  try {
    return {
      id,
      approval,
      effect: json.effect,
      principal: compileScope(json.principal),
      action: compileScope(json.action),
      resource: compileScope(json.resource),
      conditions: json.conditions.map(({ kind, body }) => ({
        expected: kind === 'when',
        body: compileExpression(body),
      })),
    };
  } catch (cause) {
    throw new Error(`policy ${id}: ${cause instanceof Error ? cause.message : 'cannot be compiled'}`, { cause });
  }
}

function candidates(index: Index, resource: Entity): readonly Policy[] {
  const lists = [index.anywhere, index.byUid.get(resource.uid)];
  for (const ancestor of resource.ancestors) lists.push(index.byUid.get(ancestor));
  return lists.flatMap((list) => list ?? []);
}

const inScope = (policy: Policy, env: Environment): boolean =>
  policy.action(env.action) && policy.principal(env.principal) && policy.resource(env.resource);

/** Whether all conditions hold; unknown in partial evaluation. */
function satisfied(policy: Policy, env: Environment): boolean | Unknown {
  let result: boolean | Unknown = true;
  for (const { expected, body } of policy.conditions) {
    const value = body(env);
    if (value === UNKNOWN) result = UNKNOWN;
    else if (typeof value !== 'boolean') throw new EvaluationError('a condition is not a Bool');
    else if (value !== expected) return false;
    // Cedar stops at the first condition that fails, so after an unknown one an error is not certain.
    if (result === UNKNOWN) return UNKNOWN;
  }
  return result;
}

/** What the variables of a policy or a condition stand for in one request. */
export function environment(request: PolicyRequest, action: Action, reads: ContextReads, nowMs: number): Environment {
  return {
    principal: principalEntity(request.principal, request.tenant),
    action: ACTION_ENTITIES[action],
    resource: resourceEntity(request.definition),
    context: contextRecord(request, reads, nowMs),
  };
}

function evaluate(index: Index, request: PolicyRequest, revision: string, nowMs: number): PolicyDecision {
  const reads: ContextReads = { volatile: false };
  const env = environment(request, request.action, reads, nowMs);
  const permits: Policy[] = [];
  const forbids: string[] = [];
  const failed: string[] = [];
  const errors: string[] = [];
  for (const policy of candidates(index, env.resource)) {
    if (!inScope(policy, env)) continue;
    try {
      const result = satisfied(policy, env);
      // What cannot be known, such as the arguments of an old task, permits nothing and may be what is forbidden.
      if (result === false || (result === UNKNOWN && policy.effect === 'permit')) continue;
      if (policy.effect === 'permit') permits.push(policy);
      else forbids.push(policy.id);
    } catch (thrown) {
      failed.push(policy.id);
      errors.push(`${policy.id}: ${thrown instanceof Error ? thrown.message : 'failed'}`);
    }
  }
  const grant = (policies: string[]): Grant => ({ policies: policies.sort(), revision, cacheable: !reads.volatile });
  if (errors.length > 0) return { effect: 'deny', grant: grant(failed), error: errors.join('; ') };
  if (forbids.length > 0) return { effect: 'deny', grant: grant(forbids), error: undefined };
  if (permits.length === 0) return { effect: 'deny', grant: grant([]), error: undefined };
  const approvals = permits.flatMap(({ approval }) => approval ?? []);
  const allowed = grant(permits.map(({ id }) => id));
  return { effect: 'allow', grant: approvals.length === 0 ? allowed : { ...allowed, approvals } };
}

const ACTION_OF: Readonly<Record<Definition['kind'], Action>> = {
  tool: 'call',
  prompt: 'get',
  resource: 'read',
  resource_template: 'read',
  server: 'see',
};

/** False only when every context is denied: no permit can hold, or a forbid or an error is certain. */
function couldEver(index: Index, request: PolicyRequest, nowMs: number): boolean {
  const unknown: PolicyRequest = { ...request, input: undefined };
  if (certainlyForbidden(index, unknown, nowMs)) return false;
  const env = environment(unknown, ACTION_OF[request.definition.kind], { volatile: false }, nowMs);
  let permitted = false;
  for (const policy of candidates(index, env.resource)) {
    if (!inScope(policy, env)) continue;
    const result = certainty(policy, env);
    if (result === 'error' || (policy.effect === 'forbid' && result === true)) return false;
    if (policy.effect === 'permit' && result !== false) permitted = true;
  }
  return permitted;
}

/** A definition that can be called needs no permit for `see`, but a `forbid` of `see` hides it. */
function certainlyForbidden(index: Index, request: PolicyRequest, nowMs: number): boolean {
  const env = environment(request, 'see', { volatile: false }, nowMs);
  return candidates(index, env.resource).some(
    (policy) => policy.effect === 'forbid' && inScope(policy, env) && certainty(policy, env) === true,
  );
}

function certainty(policy: Policy, env: Environment): boolean | Unknown | 'error' {
  try {
    return satisfied(policy, env);
  } catch {
    return 'error';
  }
}
