/** `type`, `nullable`, `const` and `enum`. */
import type { Json } from '../../../call.ts';
import { isObject } from '../../../json/is-object.ts';
import { canonicalize } from '../../../json/canonical.ts';
import { unitsOf, type Check } from './evaluation.ts';
import type { SchemaReader } from './schema-reader.ts';

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  object: isObject,
  array: (value) => Array.isArray(value),
};
const SHOWN_MAX = 20;

/** OpenAPI's `nullable` adds a type; without `type` there is nothing to add to, and it says nothing. */
export function typeCheck(schema: SchemaReader): Check | undefined {
  const value = schema.value('type');
  if (value === undefined) return undefined;
  const named = typeof value === 'string' ? [value] : (schema.names('type') ?? []);
  const names = [...new Set(schema.boolean('nullable') === true ? [...named, 'null'] : named)];
  const tests = names.map((name) => {
    const test = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
    if (test === undefined) throw schema.malformed('type', 'names a type that JSON does not have');
    return test;
  });
  const message = `must be ${names.join(',')}`;
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return (given, run) => only(given) || run.fail(message);
  return (given, run) => tests.some((test) => test(given)) || run.fail(message);
}

/** Equal as JSON: a value and its canonical text are told apart, so that `1` is not `"1"`. */
const keyOf = (value: Json): Json => (value !== null && typeof value === 'object' ? canonicalize(value) : value);

function membership(values: readonly Json[], message: string): Check {
  const simple = new Set(values.filter((value) => value === null || typeof value !== 'object'));
  const composed = new Set(values.filter((value) => value !== null && typeof value === 'object').map(keyOf));
  return (given, run) => {
    if (given === null || typeof given !== 'object') return simple.has(given) || run.fail(message);
    if (composed.size === 0) return run.fail(message);
    run.spend(unitsOf(given));
    return composed.has(keyOf(given)) || run.fail(message);
  };
}

/** The allowed values are named while they are few. */
export function enumCheck(schema: SchemaReader): Check | undefined {
  const values = schema.list('enum');
  if (values === undefined) return undefined;
  const shown = values.length <= SHOWN_MAX ? `: ${values.map((value) => JSON.stringify(value)).join(', ')}` : '';
  return membership(values, `must be equal to one of the allowed values${shown}`);
}

/** `const` is an `enum` of one value that is not named. */
export function constCheck(schema: SchemaReader): Check | undefined {
  const value = schema.value('const');
  return value === undefined ? undefined : membership([value], 'must be equal to constant');
}
