/**
 * JSON Schema 2020-12 → a function. No coercion, no defaults, nothing fetched, patterns in linear time, and an instance
 * of its own for every schema, so that no `$id` of one tool can reach the schema of another.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { Json } from '../../call.ts';
import { SCHEMA_LIMITS, whyUnbounded, type SchemaLimits } from './bounds.ts';
import { FORMATS } from './formats.ts';
import { linearPatterns } from './linear-patterns.ts';
import { uniqueItems } from './unique-items.ts';

/**
 * One reason why a value is not valid.
 *
 * @example
 * ```ts
 * const sentence = ({ path, message }: SchemaFault): string => `${path} ${message}`;
 * ```
 */
export interface SchemaFault {
  /** RFC 6901 pointer to the value at fault. */
  readonly path: string;
  readonly message: string;
}

/**
 * The faults of a value, at most ten; empty when it is valid.
 *
 * @example
 * ```ts
 * const isValid = (check: CheckSchema, value: Json): boolean => check(value).length === 0;
 * ```
 */
export type CheckSchema = (value: Json) => readonly SchemaFault[];

const FAULTS_MAX = 10;

/**
 * @throws Error with a sentence for the operator, when the schema cannot be checked safely.
 *
 * @example
 * ```ts
 * const check = compileSchema({ type: 'object', required: ['from'] });
 * const faults = check({}); // [{ path: '', message: "must have required property 'from'" }]
 * ```
 */
export function compileSchema(schema: Json, limits: SchemaLimits = SCHEMA_LIMITS): CheckSchema {
  const unbounded = whyUnbounded(schema, limits);
  if (unbounded !== undefined) throw new Error(unbounded);
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    coerceTypes: false,
    useDefaults: false,
    addUsedSchema: false,
    validateSchema: true,
    validateFormats: true,
    formats: FORMATS,
    logger: false,
    messages: true,
    ownProperties: true,
    code: { regExp: linearPatterns },
  });
  ajv.removeKeyword('uniqueItems').addKeyword(uniqueItems);
  const check = ajv.compile(withoutIds(schema) as object | boolean);
  return (value) => (check(value) ? [] : (check.errors ?? []).slice(0, FAULTS_MAX).map(faultOf));
}

/** Without `$schema`, which is ignored, and `$id`, which would change the base of local references. */
function withoutIds(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(withoutIds);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => !((key === '$id' || key === '$schema') && typeof inner === 'string'))
      .map(([key, inner]) => [key, withoutIds(inner)]),
  );
}

/**
 * Names the field and the reason in words of the schema. A value or an undeclared name of the caller is never echoed.
 */
function faultOf(error: ErrorObject): SchemaFault {
  const message = error.message ?? 'is not valid';
  const names = error.keyword === 'required' ? '' : allowedNames(error);
  return { path: declaredPath(error), message: `${message}${names}` };
}

function allowedNames(error: ErrorObject): string {
  if (error.keyword !== 'enum') return '';
  const allowed = (error.params as { allowedValues?: readonly Json[] }).allowedValues ?? [];
  return allowed.length <= 20 ? `: ${allowed.map((value) => JSON.stringify(value)).join(', ')}` : '';
}

/** The pointer, with `*` for each name that the schema does not declare. */
function declaredPath(error: ErrorObject): string {
  const declared = new Set(error.schemaPath.split('/').map((part) => decodeURIComponent(part)));
  return error.instancePath
    .split('/')
    .map((part) => (part === '' || /^\d+$/.test(part) || declared.has(part) ? part : '*'))
    .join('/');
}
