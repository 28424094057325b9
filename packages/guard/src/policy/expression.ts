/**
 * Cedar expressions in the JSON policy format, compiled to closures when a policy is loaded. Evaluation is
 * three-valued: what the environment does not know stays unknown unless the other operand decides.
 */
import { checkedLong, EXTENSIONS } from './extensions.ts';
import { compileLike, type LikePattern } from './like.ts';
import {
  contains,
  containsAll,
  equal,
  EvaluationError,
  namedEntity,
  recordOf,
  setOf,
  UNKNOWN,
  type Entity,
  type RecordValue,
  type SetValue,
  type Unknown,
  type Value,
} from './values.ts';

/** What the variables of a policy stand for. */
export interface Environment {
  readonly principal: Entity;
  readonly action: Entity;
  readonly resource: Entity;
  readonly context: RecordValue;
}

/** A compiled expression. @throws EvaluationError for a missing attribute, a wrong type or an overflow. */
export type Expression = (env: Environment) => Value;
type Node = Readonly<Record<string, unknown>>;
type Pair = { readonly left: Node; readonly right: Node };

/** @throws Error naming the operator when the policy uses something that this compiler does not know. */
export function compileExpression(node: unknown): Expression {
  const [operator, body] = Object.entries(node as Node)[0] ?? ['nothing', undefined];
  const special = SPECIAL[operator];
  if (special !== undefined) return special(body as never);
  const binary = BINARY[operator];
  if (binary !== undefined) return compileBinary(body as Pair, binary);
  const extension = EXTENSIONS.get(operator);
  if (extension !== undefined) return compileExtension(body as readonly Node[], extension);
  throw new Error(`the operator "${operator}" is not supported`);
}

function compileBinary({ left, right }: Pair, apply: (a: Value, b: Value) => Value): Expression {
  const [a, b] = [compileExpression(left), compileExpression(right)];
  return (env) => {
    const x: Value = a(env);
    const y: Value = b(env);
    return x === UNKNOWN || y === UNKNOWN ? UNKNOWN : apply(x, y);
  };
}

function compileExtension(args: readonly Node[], apply: (a?: Value, b?: Value) => Value): Expression {
  const compiled = args.map(compileExpression);
  // A function of literals is a constant; when it fails, it fails for every call and not when the policy is loaded.
  return (env) => {
    const values: readonly Value[] = compiled.map((arg): Value => arg(env));
    const [x, y] = values;
    return x === UNKNOWN || y === UNKNOWN ? UNKNOWN : apply(x, y);
  };
}

const wrong = (type: string): EvaluationError => new EvaluationError(`a ${type} is needed`);
const bool = (value: Value): boolean => {
  if (typeof value !== 'boolean') throw wrong('Bool');
  return value;
};
const long = (value: Value): bigint => {
  if (typeof value !== 'bigint') throw wrong('Long');
  return value;
};
const set = (value: Value): SetValue => {
  if (typeof value !== 'object' || value.kind !== 'set') throw wrong('Set');
  return value;
};
const entity = (value: Value): Entity => {
  if (typeof value !== 'object' || value.kind !== 'entity') throw wrong('entity');
  return value;
};

function fieldsOf(value: Value): RecordValue {
  if (typeof value === 'object' && value.kind === 'record') return value;
  return entity(value).attrs;
}

function less(a: Value, b: Value): boolean {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b;
  if (
    typeof a === 'object' &&
    typeof b === 'object' &&
    a.kind === b.kind &&
    (a.kind === 'datetime' || a.kind === 'duration')
  )
    return a.amount < (b as typeof a).amount;
  throw wrong('pair of Long, datetime or duration');
}

/** Cedar's `in`, for an entity or a set of them. */
export function isIn(member: Entity, target: Value): boolean | Unknown {
  if (target === UNKNOWN) return UNKNOWN;
  if (typeof target !== 'object' || target.kind !== 'set') return isInEntity(member, entity(target));
  // Every item is evaluated, as in Cedar: an item that is not an entity is an error even after a match.
  const found = target.items.map((item) => (item === UNKNOWN ? UNKNOWN : isInEntity(member, entity(item))));
  if (found.includes(true)) return true;
  return found.includes(UNKNOWN) ? UNKNOWN : false;
}

const isInEntity = (member: Entity, { uid }: Entity): boolean => member.uid === uid || member.ancestors.has(uid);

const BINARY: Readonly<Record<string, (a: Value, b: Value) => Value>> = Object.assign(Object.create(null), {
  '==': equal,
  '!=': (a: Value, b: Value) => {
    const same = equal(a, b);
    return same === UNKNOWN ? UNKNOWN : !same;
  },
  '<': less,
  '<=': (a: Value, b: Value) => !less(b, a),
  '>': (a: Value, b: Value) => less(b, a),
  '>=': (a: Value, b: Value) => !less(a, b),
  '+': (a: Value, b: Value) => checkedLong(long(a) + long(b)),
  '-': (a: Value, b: Value) => checkedLong(long(a) - long(b)),
  '*': (a: Value, b: Value) => checkedLong(long(a) * long(b)),
  in: (a: Value, b: Value) => isIn(entity(a), b),
  contains: (a: Value, b: Value) => contains(set(a), b),
  containsAll: (a: Value, b: Value) => containsAll(set(a), set(b)),
  containsAny: (a: Value, b: Value) => anyOf(set(a), set(b)),
  hasTag: (a: Value, b: Value) => {
    entity(a);
    if (typeof b !== 'string') throw wrong('String');
    return false;
  },
  getTag: () => {
    throw new EvaluationError('the entity has no such tag');
  },
});

function anyOf(a: SetValue, b: SetValue): Value {
  let unknown = false;
  for (const item of b.items) {
    const found = contains(a, item);
    if (found === true) return true;
    if (found === UNKNOWN) unknown = true;
  }
  return unknown ? UNKNOWN : false;
}

/** `&&` and `||`: the operand that decides wins even when the other is unknown. */
function compileLogic({ left, right }: Pair, deciding: boolean): Expression {
  const [a, b] = [compileExpression(left), compileExpression(right)];
  return (env) => {
    const x = a(env);
    if (x !== UNKNOWN && bool(x) === deciding) return deciding;
    if (x === UNKNOWN) return decidedAnyway(b, env, deciding);
    const y = b(env);
    return y === UNKNOWN ? UNKNOWN : bool(y);
  };
}

/** With the left side unknown, an error on the right is not certain: it may never be reached. */
function decidedAnyway(right: Expression, env: Environment, deciding: boolean): Value {
  try {
    return right(env) === deciding ? deciding : UNKNOWN;
  } catch (thrown) {
    if (thrown instanceof EvaluationError) return UNKNOWN;
    throw thrown;
  }
}

function compileHas({ left, attr }: { readonly left: Node; readonly attr: string | readonly string[] }): Expression {
  const value = compileExpression(left);
  const path = typeof attr === 'string' ? [attr] : attr;
  return (env) => {
    let node = value(env);
    for (const [index, name] of path.entries()) {
      if (node === UNKNOWN) return UNKNOWN;
      const fields = fieldsOf(node);
      const present = fields.has(name);
      if (present !== true) return present;
      if (index < path.length - 1) node = fields.get(name) ?? UNKNOWN;
    }
    return true;
  };
}

function compileGet({ left, attr }: { readonly left: Node; readonly attr: string }): Expression {
  const value = compileExpression(left);
  return (env) => {
    const from = value(env);
    if (from === UNKNOWN) return UNKNOWN;
    const found = fieldsOf(from).get(attr);
    if (found === undefined) throw new EvaluationError('the attribute does not exist');
    return found;
  };
}

function compileIf(body: { readonly if: Node; readonly then: Node; readonly else: Node }): Expression {
  const [test, yes, no] = [compileExpression(body.if), compileExpression(body.then), compileExpression(body.else)];
  return (env) => {
    const condition = test(env);
    if (condition === UNKNOWN) return UNKNOWN;
    return bool(condition) ? yes(env) : no(env);
  };
}

function compileIs(body: { readonly left: Node; readonly entity_type: string; readonly in?: Node }): Expression {
  const value = compileExpression(body.left);
  const container = body.in === undefined ? undefined : compileExpression(body.in);
  return (env) => {
    const candidate = value(env);
    if (candidate === UNKNOWN) return UNKNOWN;
    if (entity(candidate).type !== body.entity_type) return false;
    return container === undefined ? true : isIn(entity(candidate), container(env));
  };
}

function unary(arg: Node, apply: (value: Value) => Value): Expression {
  const value = compileExpression(arg);
  return (env) => {
    const x = value(env);
    return x === UNKNOWN ? UNKNOWN : apply(x);
  };
}

const VARIABLES: Readonly<Record<string, Expression>> = {
  principal: (env) => env.principal,
  action: (env) => env.action,
  resource: (env) => env.resource,
  context: (env) => env.context,
};

const SPECIAL: Readonly<Record<string, (body: never) => Expression>> = Object.assign(Object.create(null), {
  Value: compileLiteral,
  Var: (body: string) => VARIABLES[body] ?? missing(body),
  '&&': (body: Pair) => compileLogic(body, false),
  '||': (body: Pair) => compileLogic(body, true),
  '!': (body: { arg: Node }) => unary(body.arg, (value) => !bool(value)),
  neg: (body: { arg: Node }) => unary(body.arg, (value) => checkedLong(-long(value))),
  isEmpty: (body: { arg: Node }) => unary(body.arg, (value) => set(value).items.length === 0),
  like: (body: { left: Node; pattern: LikePattern }) => {
    const matches = compileLike(body.pattern);
    return unary(body.left, (value) => {
      if (typeof value !== 'string') throw wrong('String');
      return matches(value);
    });
  },
  has: compileHas,
  '.': compileGet,
  is: compileIs,
  'if-then-else': compileIf,
  Set: (body: readonly Node[]) => {
    const items = body.map(compileExpression);
    return (env: Environment) => setOf(items.map((item) => item(env)));
  },
  Record: (body: Readonly<Record<string, Node>>) => {
    const fields = Object.entries(body).map(([name, node]) => [name, compileExpression(node)] as const);
    return (env: Environment) => recordOf(new Map(fields.map(([name, value]) => [name, value(env)])));
  },
});

function missing(name: string): never {
  throw new Error(`the variable "${name}" is not supported`);
}

/** A literal that names the principal or the resource of the request is that entity, with its attributes. */
function compileLiteral(body: unknown): Expression {
  const value = literal(body);
  if (typeof value !== 'object' || value.kind !== 'entity') return () => value;
  return ({ principal, resource }) => {
    if (value.uid === principal.uid) return principal;
    return value.uid === resource.uid ? resource : value;
  };
}

/** A literal of the JSON format; entities and extension values come as escapes. */
function literal(json: unknown): Value {
  if (typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'number') return exactLong(json);
  if (Array.isArray(json)) return setOf(json.map(literal));
  const node = json as Node;
  if ('__entity' in node) {
    const { type, id } = node['__entity'] as { type: string; id: string };
    return namedEntity(type, id);
  }
  if ('__extn' in node) {
    const { fn, arg } = node['__extn'] as { fn: string; arg: unknown };
    return EXTENSIONS.get(fn)?.(literal(arg)) ?? missing(fn);
  }
  return recordOf(new Map(Object.entries(node).map(([name, value]) => [name, literal(value)])));
}

/** JSON rounds larger numbers, so the policy would compare with another number than its author wrote. */
function exactLong(json: number): bigint {
  if (!Number.isSafeInteger(json)) throw new Error('a whole number beyond 2^53 - 1 cannot be read exactly');
  return BigInt(json);
}
