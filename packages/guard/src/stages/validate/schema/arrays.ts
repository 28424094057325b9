/** `prefixItems`, `items`, `contains`, `uniqueItems`, and how many items there are. */
import type { Json } from '../../../call.ts';
import { canonicalize } from '../../../json/canonical.ts';
import { checkInside, STEPS_PER_SEEN, unitsOf, type Check, type Evaluation, type Seen } from './evaluation.ts';
import type { SchemaReader } from './schema-reader.ts';

type CheckItems = (items: readonly Json[], run: Evaluation, seen: Seen | undefined) => boolean;

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

const forArrays =
  (check: CheckItems): Check =>
  (value, run, seen) =>
    !isArray(value) || check(value, run, seen);

/** All keywords about arrays, except `unevaluatedItems`. */
export const arrayChecks = (schema: SchemaReader): readonly Check[] =>
  [countItems(schema), checkItems(schema), contains(schema), uniqueItems(schema)].flatMap((check) =>
    check === undefined ? [] : [forArrays(check)],
  );

function countItems(schema: SchemaReader): CheckItems | undefined {
  const [min, max] = [schema.count('minItems') ?? 0, schema.count('maxItems') ?? Infinity];
  if (min === 0 && max === Infinity) return undefined;
  return ({ length }, run) => {
    if (length < min) return run.fail(`must NOT have fewer than ${min} items`);
    return length <= max || run.fail(`must NOT have more than ${max} items`);
  };
}

/** Until 2019-09 a list in `items` was what `prefixItems` is now, and `additionalItems` what `items` is now. */
function checkItems(schema: SchemaReader): CheckItems | undefined {
  const isTuple = Array.isArray(schema.value('items'));
  const [prefixAt, restAt] = isTuple ? ['items', 'additionalItems'] : ['prefixItems', 'items'];
  const prefix = schema.list(prefixAt)?.map((item, at) => schema.compile(`${prefixAt}/${at}`, item)) ?? [];
  const rest = schema.subschema(restAt);
  if (prefix.length === 0 && rest === undefined) return undefined;
  return (items, run, seen) => {
    const end = rest === undefined ? Math.min(prefix.length, items.length) : items.length;
    for (let at = 0; at < end; at++) {
      const check = prefix[at] ?? rest;
      if (check !== undefined && !checkInside(check, items[at] as Json, at, run)) return false;
    }
    if (seen !== undefined) seen.itemsBefore = Math.max(seen.itemsBefore, end);
    return true;
  };
}

function contains(schema: SchemaReader): CheckItems | undefined {
  const check = schema.subschema('contains');
  const [min, max] = [schema.count('minContains') ?? 1, schema.count('maxContains') ?? Infinity];
  if (check === undefined) return undefined;
  return (items, run, seen) => {
    const faults = run.faults.length;
    let found = 0;
    for (const [at, item] of items.entries()) {
      if (!checkInside(check, item, at, run)) continue;
      found++;
      if (seen !== undefined) run.spend(STEPS_PER_SEEN);
      seen?.items.add(at);
      if (seen === undefined && found >= min && max === Infinity) break;
    }
    run.forgetFaults(faults);
    if (found >= min && found <= max) return true;
    const most = max === Infinity ? '' : ` and no more than ${max}`;
    return run.fail(`must contain at least ${min}${most} valid item(s)`);
  };
}

/** By their canonical text, because comparing every pair is quadratic. */
function uniqueItems(schema: SchemaReader): CheckItems | undefined {
  if (schema.boolean('uniqueItems') !== true) return undefined;
  return (items, run) => {
    run.spend(unitsOf(items));
    const texts = new Set(items.map((item) => (typeof item === 'string' ? `"${item}` : canonicalize(item))));
    return texts.size === items.length || run.fail('must NOT have duplicate items');
  };
}

/** Runs after every other keyword of the schema; `seen` is what they looked at. */
export function unevaluatedItems(schema: SchemaReader): Check | undefined {
  const check = schema.subschema('unevaluatedItems');
  if (check === undefined) return undefined;
  return forArrays((items, run, seen) => {
    for (let at = seen?.itemsBefore ?? 0; at < items.length; at++) {
      run.spend(1);
      if (seen?.items.has(at) !== true && !checkInside(check, items[at] as Json, at, run))
        return run.fail('must NOT have unevaluated items');
    }
    if (seen !== undefined) seen.itemsBefore = items.length;
    return true;
  });
}
