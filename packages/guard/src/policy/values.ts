/**
 * Cedar values at run time. Long is a `bigint`, so that overflow is detected; String and Bool are themselves; records
 * are read lazily, because most policies read one attribute of many.
 */
/** An entity: a user, an action, a resource, or what contains them. */
export interface Entity {
  readonly kind: 'entity';
  readonly type: string;
  readonly id: string;
  /** `Type::"id"`, with the id JSON-quoted: equal for equal entities. */
  readonly uid: string;
  readonly attrs: RecordValue;
  /** Uids of everything it is `in`, itself excluded. */
  readonly ancestors: ReadonlySet<string>;
}

/** A set; order and duplicates do not matter. */
export interface SetValue {
  readonly kind: 'set';
  readonly items: readonly Value[];
}

/** A record. */
export interface RecordValue {
  readonly kind: 'record';
  has(attr: string): boolean | Unknown;
  /** `undefined` when the attribute is absent. */
  get(attr: string): Value | undefined;
  /** Everything, for equality; may throw where `get` would. */
  entries(): readonly (readonly [string, Value])[];
}

/** A value of an extension type. */
export interface ExtensionValue {
  readonly kind: 'decimal' | 'datetime' | 'duration' | 'ip';
  /** decimal: ten-thousandths; datetime and duration: milliseconds; ip: the network address. */
  readonly amount: bigint;
  /** ip only. */
  readonly prefix?: number;
  readonly version?: 4 | 6;
}

/** What partial evaluation does not know. Anything computed from it is unknown too. */
export const UNKNOWN = Symbol('unknown');
/** The type of {@link UNKNOWN}. */
export type Unknown = typeof UNKNOWN;

/** Any value of an expression. */
export type Value = boolean | bigint | string | Entity | SetValue | RecordValue | ExtensionValue | Unknown;

/** A policy could not be evaluated: a missing attribute, a wrong type, an overflow. It denies. */
export class EvaluationError extends Error {}

/** The unique id of an entity, as Cedar writes it. */
export const uidOf = (type: string, id: string): string => `${type}::${JSON.stringify(id)}`;

const NO_ATTRIBUTES: RecordValue = { kind: 'record', has: () => false, get: () => undefined, entries: () => [] };

/** An entity that is only named: no attributes, no ancestors. */
export const namedEntity = (type: string, id: string): Entity => ({
  kind: 'entity',
  type,
  id,
  uid: uidOf(type, id),
  attrs: NO_ATTRIBUTES,
  ancestors: new Set(),
});

/** A record of known fields. */
export function recordOf(fields: ReadonlyMap<string, Value>): RecordValue {
  return {
    kind: 'record',
    has: (attr) => fields.has(attr),
    get: (attr) => fields.get(attr),
    entries: () => [...fields],
  };
}

/** A set of values. */
export const setOf = (items: readonly Value[]): SetValue => ({ kind: 'set', items });

/**
 * Cedar equality: never an error; values of different kinds are different. Unknown when either side contains something
 * unknown.
 */
export function equal(left: Value, right: Value): boolean | Unknown {
  if (left === UNKNOWN || right === UNKNOWN) return UNKNOWN;
  if (typeof left !== 'object' || typeof right !== 'object') return left === right;
  if (left.kind !== right.kind) return false;
  switch (left.kind) {
    case 'entity':
      return left.uid === (right as Entity).uid;
    case 'set':
      return sameSet(left, right as SetValue);
    case 'record':
      return sameRecord(left, right as RecordValue);
    default:
      return (
        left.amount === (right as ExtensionValue).amount &&
        left.prefix === (right as ExtensionValue).prefix &&
        left.version === (right as ExtensionValue).version
      );
  }
}

/** Cedar's `contains`. */
export function contains(set: SetValue, value: Value): boolean | Unknown {
  let unknown = false;
  for (const item of set.items) {
    const same = equal(item, value);
    if (same === true) return true;
    if (same === UNKNOWN) unknown = true;
  }
  return unknown ? UNKNOWN : false;
}

/** Cedar's `containsAll`. */
export function containsAll(set: SetValue, others: SetValue): boolean | Unknown {
  let unknown = false;
  for (const item of others.items) {
    const found = contains(set, item);
    if (found === false) return false;
    if (found === UNKNOWN) unknown = true;
  }
  return unknown ? UNKNOWN : true;
}

function sameSet(left: SetValue, right: SetValue): boolean | Unknown {
  const included = containsAll(left, right);
  return included === false ? false : and(included, containsAll(right, left));
}

function sameRecord(left: RecordValue, right: RecordValue): boolean | Unknown {
  const [a, b] = [left.entries(), right.entries()];
  if (a.length !== b.length) return false;
  let result: boolean | Unknown = true;
  for (const [key, value] of a) {
    const other = right.get(key);
    if (other === undefined) return false;
    result = and(result, equal(value, other));
  }
  return result;
}

function and(left: boolean | Unknown, right: boolean | Unknown): boolean | Unknown {
  if (left === false || right === false) return false;
  return left === UNKNOWN || right === UNKNOWN ? UNKNOWN : true;
}
