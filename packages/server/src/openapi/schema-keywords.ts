/** Keywords of JSON Schema as they are copied from a document: each in its right form, or not at all. */
import { isObject, type Json } from '@sallyport/guard';
import { compileSchema } from '@sallyport/guard/stages';
import { cleanText } from './clean-text.ts';

const DESCRIPTION_CHARACTERS_MAX = 300;
const LITERAL_CHARACTERS_MAX = 200;

const TYPES: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);

/** Gives the value as it is copied; `undefined` when it has not the form of its keyword. */
type ReadKeyword = (value: Json) => Json | undefined;

const count: ReadKeyword = (value) => (Number.isInteger(value) && (value as number) >= 0 ? value : undefined);
const number: ReadKeyword = (value) => (typeof value === 'number' ? value : undefined);
const flag: ReadKeyword = (value) => (typeof value === 'boolean' ? value : undefined);
const names: ReadKeyword = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')
    ? [...new Set(value as string[])]
    : undefined;

const isScalar = (value: Json): boolean => value === null || typeof value !== 'object';
const isShort = (value: Json): boolean => JSON.stringify(value).length <= LITERAL_CHARACTERS_MAX;
const literal: ReadKeyword = (value) => (isScalar(value) && isShort(value) ? value : undefined);

const description: ReadKeyword = (value) => cleanText(value, DESCRIPTION_CHARACTERS_MAX) || undefined;

function types(value: Json): Json | undefined {
  // Swagger's word for the content of a file.
  if (value === 'file') return 'string';
  if (TYPES.has(value)) return value;
  const known = Array.isArray(value) ? (value as readonly Json[]).filter((type) => TYPES.has(type)) : [];
  return known.length > 0 ? known : undefined;
}

const choices: ReadKeyword = (value) => (Array.isArray(value) && value.length > 0 ? value : undefined);

function pattern(value: Json): Json | undefined {
  try {
    compileSchema({ pattern: value });
    return value;
  } catch {
    return undefined;
  }
}

/** Keywords without subschemas that arguments are checked against. */
export const INPUT_KEYWORDS: Readonly<Record<string, ReadKeyword>> = {
  type: types,
  description,
  default: literal,
  enum: choices,
  const: (value) => value,
  format: (value) => (typeof value === 'string' && /^[\w.-]{1,40}$/.test(value) ? value : undefined),
  pattern,
  minLength: count,
  maxLength: count,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: (value) => (typeof value === 'number' && value > 0 ? value : undefined),
  minItems: count,
  maxItems: count,
  uniqueItems: flag,
  minProperties: count,
  maxProperties: count,
  required: names,
  deprecated: (value) => (value === true ? value : undefined),
};

/**
 * Keywords without subschemas that answers are checked against: their shape. Bounds and formats of answers are promises
 * that real interfaces break, and an answer that was made must not be lost for that.
 */
export const OUTPUT_KEYWORDS: Readonly<Record<string, ReadKeyword>> = {
  type: types,
  description,
  enum: choices,
  const: (value) => value,
  required: names,
};

/** Keywords with one subschema for another value. */
export const INNER_SCHEMAS = {
  input: ['items', 'additionalProperties', 'propertyNames', 'contains'],
  output: ['items', 'additionalProperties'],
} as const;
/** Keywords with one subschema for the same value. */
export const SAME_VALUE_SCHEMAS = { input: ['not', 'if', 'then', 'else'], output: [] } as const;

/** OpenAPI 3.0 wrote the exclusive bounds of JSON Schema draft 4: a flag beside the bound. */
export function withNumericBounds(schema: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  const converted = { ...schema };
  for (const [flagName, boundName] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof schema[flagName] !== 'boolean') continue;
    delete converted[flagName];
    const bound = schema[boundName];
    if (schema[flagName] !== true || bound === undefined) continue;
    converted[flagName] = bound;
    delete converted[boundName];
  }
  return converted;
}

/** The schema, or null: OpenAPI 3.0 wrote `nullable` beside it. */
export function orNull(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const { type, enum: values } = schema;
  if (typeof type === 'string' && schema['$ref'] === undefined && schema['allOf'] === undefined) {
    const withNull = Array.isArray(values) && !values.includes(null) ? { enum: [...(values as Json[]), null] } : {};
    return { ...schema, ...withNull, type: [type, 'null'] };
  }
  return Object.keys(schema).length === 0 ? schema : { anyOf: [schema, { type: 'null' }] };
}
