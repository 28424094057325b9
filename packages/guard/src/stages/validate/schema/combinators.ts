/** `allOf`, `anyOf`, `oneOf`, `not`, `if`, `dependentSchemas` and references: other schemas for the same value. */
import type { Json } from '../../../call.ts';
import { isObject } from '../../../json/is-object.ts';
import { Seen, type Check, type Evaluation } from './evaluation.ts';
import { REFERENCES } from './references.ts';
import type { SchemaReader } from './schema-reader.ts';

/** All of them that the schema has. */
export const combinatorChecks = (schema: SchemaReader): readonly Check[] =>
  [
    ...REFERENCES.map((keyword) => reference(schema, keyword)),
    allOf(schema),
    anyOf(schema),
    oneOf(schema),
    not(schema),
    condition(schema),
    dependent(schema),
  ].flatMap((check) => (check === undefined ? [] : [check]));

function reference(schema: SchemaReader, keyword: string): Check | undefined {
  const target = schema.reference(keyword);
  return target === undefined ? undefined : schema.compileInPlace(keyword, target);
}

function branchesOf(schema: SchemaReader, keyword: string): readonly Check[] | undefined {
  const branches = schema.list(keyword)?.map((branch, at) => schema.compileInPlace(`${keyword}/${at}`, branch));
  if (branches?.length === 0) throw schema.malformed(keyword, 'must have at least one schema');
  return branches;
}

/** A branch that need not hold: what it looked at counts only when it held. */
function tryBranch(check: Check, value: Json, run: Evaluation, seen: Seen | undefined): boolean {
  if (seen === undefined) return check(value, run, undefined);
  const own = new Seen();
  if (!check(value, run, own)) return false;
  seen.add(own, run);
  return true;
}

function allOf(schema: SchemaReader): Check | undefined {
  const branches = branchesOf(schema, 'allOf');
  if (branches === undefined) return undefined;
  return (value, run, seen) => {
    for (const branch of branches) if (!branch(value, run, seen)) return false;
    return true;
  };
}

function anyOf(schema: SchemaReader): Check | undefined {
  const branches = branchesOf(schema, 'anyOf');
  if (branches === undefined) return undefined;
  return (value, run, seen) => {
    const faults = run.faults.length;
    let isValid = false;
    for (const branch of branches) {
      if (!tryBranch(branch, value, run, seen)) continue;
      isValid = true;
      // `unevaluated…` keywords also need what the other branches looked at.
      if (seen === undefined) break;
    }
    if (!isValid) return run.fail('must match a schema in anyOf');
    run.forgetFaults(faults);
    return true;
  };
}

function oneOf(schema: SchemaReader): Check | undefined {
  const branches = branchesOf(schema, 'oneOf');
  if (branches === undefined) return undefined;
  return (value, run, seen) => {
    const faults = run.faults.length;
    let matching = 0;
    for (const branch of branches) {
      if (tryBranch(branch, value, run, seen)) matching++;
      if (matching > 1) break;
    }
    if (matching === 0) return run.fail('must match exactly one schema in oneOf');
    run.forgetFaults(faults);
    return matching === 1 || run.fail('must match exactly one schema in oneOf');
  };
}

function not(schema: SchemaReader): Check | undefined {
  const check = schema.inPlace('not');
  if (check === undefined) return undefined;
  return (value, run) => {
    const faults = run.faults.length;
    const isValid = check(value, run, undefined);
    run.forgetFaults(faults);
    return !isValid || run.fail('must NOT be valid');
  };
}

function condition(schema: SchemaReader): Check | undefined {
  const test = schema.inPlace('if');
  const [whenTrue, whenFalse] = [schema.inPlace('then'), schema.inPlace('else')];
  if (test === undefined) return undefined;
  return (value, run, seen) => {
    const faults = run.faults.length;
    const holds = tryBranch(test, value, run, seen);
    run.forgetFaults(faults);
    const branch = holds ? whenTrue : whenFalse;
    return branch === undefined || branch(value, run, seen);
  };
}

/** `dependencies` of draft 7 may hold schemas, too. */
function dependent(schema: SchemaReader): Check | undefined {
  const dependencies = Object.entries(schema.object('dependencies') ?? {}).filter(
    ([, needed]) => !Array.isArray(needed),
  );
  const all = [...Object.entries(schema.object('dependentSchemas') ?? {}), ...dependencies].map(
    ([name, subschema]) => [name, schema.compileInPlace(`dependentSchemas/${name}`, subschema)] as const,
  );
  if (all.length === 0) return undefined;
  return (value, run, seen) =>
    !isObject(value) ||
    all.every(([name, check]) => {
      run.spend(1);
      return !Object.hasOwn(value, name) || check(value, run, seen);
    });
}
