/**
 * Cedar policies (https://docs.cedarpolicy.com) in the JSON format, compiled to closures: default deny, `forbid` overrides,
 * and, stricter than Cedar, an error in any policy that applies denies.
 */
import type { Definition, Grant, Principal } from '../call.ts';
import type { Action } from '../methods.ts';
import type { Clock, PolicyDecision, PolicyEngine, PolicyRequest } from '../ports.ts';
import { ACTIONS, contextRecord, principalEntity, resourceEntity, type Touch } from './entities.ts';
import { compileExpression, type Environment, type Expression } from './expression.ts';
import { compileScope, type Scope, type ScopeJson } from './scope.ts';
import { EvaluationError, UNKNOWN, uidOf, type Entity, type Unknown } from './values.ts';

export interface PolicyJson {
  readonly effect: 'permit' | 'forbid';
  readonly principal: ScopeJson;
  readonly action: ScopeJson;
  readonly resource: ScopeJson;
  readonly conditions: readonly { readonly kind: 'when' | 'unless'; readonly body: unknown }[];
}

export interface SourcePolicy {
  readonly id: string;
  readonly json: PolicyJson;
}

interface Policy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  readonly conditions: readonly { readonly wanted: boolean; readonly holds: Expression }[];
}

/** Which policies could be about a resource: by its uid, by its server, and those that name neither. */
interface Index {
  readonly byUid: ReadonlyMap<string, readonly Policy[]>;
  readonly anywhere: readonly Policy[];
}

/** @throws Error naming the policy when one cannot be compiled. */
export function compileCedar(sources: readonly SourcePolicy[], revision: string, clock: Clock): PolicyEngine {
  const index = indexOf(sources);
  const remembered = new WeakMap<Principal, WeakMap<Definition, Map<Action, PolicyDecision>>>();
  const listed = new WeakMap<Principal, WeakMap<Definition, boolean>>();
  return {
    revision,
    decide(question) {
      const memory = within(
        within(remembered, question.principal, () => new WeakMap()),
        question.definition,
        () => new Map<Action, PolicyDecision>(),
      );
      const known = memory.get(question.action);
      if (known !== undefined) return known;
      const decision = evaluate(index, question, revision, clock.now());
      if (decision.grant.cacheable) memory.set(question.action, decision);
      return decision;
    },
    couldAllow(question) {
      const memory = within(listed, question.principal, () => new WeakMap<Definition, boolean>());
      const known = memory.get(question.definition);
      if (known !== undefined) return known;
      const could = couldEver(index, question, clock.now());
      memory.set(question.definition, could);
      return could;
    },
  };
}

function within<K extends object, V>(map: WeakMap<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function indexOf(sources: readonly SourcePolicy[]): Index {
  const byUid = new Map<string, Policy[]>();
  const anywhere: Policy[] = [];
  for (const { id, json } of sources) {
    const policy = compilePolicy(id, json);
    const { op, entity } = json.resource;
    if ((op === '==' || op === 'in') && entity !== undefined) {
      const uid = uidOf(entity.type, entity.id);
      byUid.set(uid, [...(byUid.get(uid) ?? []), policy]);
    } else anywhere.push(policy);
  }
  return { byUid, anywhere };
}

function compilePolicy(id: string, json: PolicyJson): Policy {
  try {
    return {
      id,
      effect: json.effect,
      principal: compileScope(json.principal),
      action: compileScope(json.action),
      resource: compileScope(json.resource),
      conditions: json.conditions.map(({ kind, body }) => ({
        wanted: kind === 'when',
        holds: compileExpression(body),
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

/** True, false, or unknown in partial evaluation. */
function satisfied(policy: Policy, env: Environment): boolean | Unknown {
  let result: boolean | Unknown = true;
  for (const { wanted, holds } of policy.conditions) {
    const value = holds(env);
    if (value === UNKNOWN) result = UNKNOWN;
    else if (typeof value !== 'boolean') throw new EvaluationError('a condition is not a Bool');
    else if (value !== wanted) return false;
    // Cedar stops at the first condition that fails, so after an unknown one an error is not certain any more.
    if (result === UNKNOWN) return UNKNOWN;
  }
  return result;
}

function environment(question: PolicyRequest, action: Action, touch: Touch, now: number): Environment {
  return {
    principal: principalEntity(question.principal, question.tenant),
    action: ACTIONS[action],
    resource: resourceEntity(question.definition),
    context: contextRecord(question, touch, now),
  };
}

function evaluate(index: Index, question: PolicyRequest, revision: string, now: number): PolicyDecision {
  const touch: Touch = { volatile: false };
  const env = environment(question, question.action, touch, now);
  const [permits, forbids, failed, errors]: [string[], string[], string[], string[]] = [[], [], [], []];
  for (const policy of candidates(index, env.resource)) {
    if (!inScope(policy, env)) continue;
    try {
      if (satisfied(policy, env) === true) (policy.effect === 'permit' ? permits : forbids).push(policy.id);
    } catch (thrown) {
      failed.push(policy.id);
      errors.push(`${policy.id}: ${thrown instanceof Error ? thrown.message : 'failed'}`);
    }
  }
  const grant = (policies: string[]): Grant => ({ policies: policies.sort(), revision, cacheable: !touch.volatile });
  if (errors.length > 0) return { effect: 'deny', grant: grant(failed), error: errors.join('; ') };
  if (forbids.length > 0) return { effect: 'deny', grant: grant(forbids), error: undefined };
  return permits.length > 0
    ? { effect: 'allow', grant: grant(permits) }
    : { effect: 'deny', grant: grant([]), error: undefined };
}

const ACTING: Readonly<Record<Definition['kind'], Action>> = {
  tool: 'call',
  prompt: 'get',
  resource: 'read',
  resource_template: 'read',
  server: 'see',
};

/** True unless every possible context is refused: some permit may hold, no forbid and no error is certain. */
function couldEver(index: Index, question: PolicyRequest, now: number): boolean {
  const unknown: PolicyRequest = { ...question, input: undefined };
  if (certainlyForbidden(index, unknown, now)) return false;
  const env = environment(unknown, ACTING[question.definition.kind], { volatile: false }, now);
  let permitted = false;
  for (const policy of candidates(index, env.resource)) {
    if (!inScope(policy, env)) continue;
    const holds = certainty(policy, env);
    if (holds === 'error' || (policy.effect === 'forbid' && holds === true)) return false;
    if (policy.effect === 'permit' && holds !== false) permitted = true;
  }
  return permitted;
}

/** `see` follows from being callable; a `forbid` on it hides. */
function certainlyForbidden(index: Index, question: PolicyRequest, now: number): boolean {
  const env = environment(question, 'see', { volatile: false }, now);
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
