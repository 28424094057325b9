/** `properties`, `patternProperties`, `additionalProperties` and the other keywords about members. */
import type { Json, JsonObject } from '../../../call.ts';
import { isObject } from '../../../json/is-object.ts';
import type { FindPattern } from '../patterns/match.ts';
import { checkInside, type Check, type Evaluation, type Seen } from './evaluation.ts';
import type { SchemaReader } from './schema-reader.ts';

type CheckMembers = (members: JsonObject, run: Evaluation, seen: Seen | undefined) => boolean;

/** How many declared names are looked up for one step. */
const NAMES_PER_STEP = 2;
/** A name that the schema does not declare is the caller's own, and is not repeated to anybody. */
const UNDECLARED = '*';

const forObjects =
  (check: CheckMembers): Check =>
  (value, run, seen) =>
    !isObject(value) || check(value, run, seen);

/** All keywords about objects, but for `unevaluatedProperties`. */
export const objectChecks = (schema: SchemaReader): readonly Check[] =>
  [
    required(schema),
    countMembers(schema),
    propertyNames(schema),
    dependentRequired(schema),
    properties(schema),
    otherProperties(schema),
  ].flatMap((check) => (check === undefined ? [] : [forObjects(check)]));

function required(schema: SchemaReader): CheckMembers | undefined {
  const names = schema.names('required');
  // Draft 3 wrote a boolean beside the property; it stands in schemas of today and never had a meaning there.
  if (names === undefined || names.length === 0) return undefined;
  return (members, run) => {
    run.spend(1 + names.length / NAMES_PER_STEP);
    const missing = names.find((name) => !Object.hasOwn(members, name));
    return missing === undefined || run.fail(`must have required property '${missing}'`);
  };
}

function countMembers(schema: SchemaReader): CheckMembers | undefined {
  const [min, max] = [schema.count('minProperties') ?? 0, schema.count('maxProperties') ?? Infinity];
  if (min === 0 && max === Infinity) return undefined;
  return (members, run) => {
    const { length } = Object.keys(members);
    run.spend(length);
    if (length < min) return run.fail(`must NOT have fewer than ${min} properties`);
    return length <= max || run.fail(`must NOT have more than ${max} properties`);
  };
}

function propertyNames(schema: SchemaReader): CheckMembers | undefined {
  const check = schema.subschema('propertyNames');
  if (check === undefined) return undefined;
  return (members, run) =>
    Object.keys(members).every((name) => check(name, run, undefined) || run.fail('property name must be valid'));
}

/** `dependencies` of draft 7 is both: a list of names, or a schema, which the combinators take. */
function dependentRequired(schema: SchemaReader): CheckMembers | undefined {
  const dependencies = Object.entries(schema.object('dependencies') ?? {}).filter(([, needed]) =>
    Array.isArray(needed),
  );
  const all = [...Object.entries(schema.object('dependentRequired') ?? {}), ...dependencies].map(
    ([name, needed]) => [name, schema.namesIn('dependentRequired', needed) ?? []] as const,
  );
  if (all.length === 0) return undefined;
  return (members, run) =>
    all.every(([name, needed]) => {
      run.spend(1);
      if (!Object.hasOwn(members, name)) return true;
      run.spend(1 + needed.length / NAMES_PER_STEP);
      const missing = needed.find((other) => !Object.hasOwn(members, other));
      return missing === undefined || run.fail(`must have property '${missing}' when property '${name}' is present`);
    });
}

function properties(schema: SchemaReader): CheckMembers | undefined {
  const declared = schema.object('properties');
  if (declared === undefined) return undefined;
  const checks = Object.entries(declared).map(([name, subschema]) => ({
    name,
    check: schema.compile(`properties/${name}`, subschema),
  }));
  return (members, run, seen) => {
    run.spend(1 + checks.length / NAMES_PER_STEP);
    for (const { name, check } of checks) {
      if (!Object.hasOwn(members, name)) continue;
      if (!checkInside(check, members[name] as Json, name, run)) return false;
      seen?.names.add(name);
    }
    return true;
  };
}

/** `patternProperties`, and `additionalProperties` for what neither they nor `properties` name. */
function otherProperties(schema: SchemaReader): CheckMembers | undefined {
  const declared = new Set(Object.keys(schema.object('properties') ?? {}));
  const patterns = Object.entries(schema.object('patternProperties') ?? {}).map(
    ([pattern, subschema]): readonly [FindPattern, Check] => [
      schema.pattern('patternProperties', pattern),
      schema.compile('patternProperties', subschema),
    ],
  );
  const others = schema.subschema('additionalProperties');
  const forbidsOthers = schema.value('additionalProperties') === false;
  if (patterns.length === 0 && others === undefined) return undefined;
  return (members, run, seen) =>
    Object.keys(members).every((name) => {
      run.spend(1);
      const value = members[name] as Json;
      const shownName = declared.has(name) ? name : UNDECLARED;
      const matching = patterns.length === 0 ? [] : patterns.filter(([find]) => find(name, run));
      if (!matching.every(([, check]) => checkInside(check, value, shownName, run))) return false;
      const isOther = matching.length === 0 && !declared.has(name);
      if (matching.length > 0 || (isOther && others !== undefined)) seen?.names.add(name);
      if (!isOther || others === undefined) return true;
      return forbidsOthers
        ? run.fail('must NOT have additional properties')
        : checkInside(others, value, shownName, run);
    });
}

/** Runs after every other keyword of the schema; `seen` is what they looked at. */
export function unevaluatedProperties(schema: SchemaReader): Check | undefined {
  const check = schema.subschema('unevaluatedProperties');
  if (check === undefined) return undefined;
  return forObjects((members, run, seen) => {
    if (seen?.allNames === true) return true;
    for (const name of Object.keys(members)) {
      run.spend(1);
      if (seen?.names.has(name) !== true && !checkInside(check, members[name] as Json, UNDECLARED, run))
        return run.fail('must NOT have unevaluated properties');
    }
    if (seen !== undefined) seen.allNames = true;
    return true;
  });
}
