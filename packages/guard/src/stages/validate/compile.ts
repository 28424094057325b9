/**
 * JSON Schema → a function. No coercion, no defaults, nothing fetched; patterns without backtracking; every step of a
 * check is counted against a budget (B4). 2020-12, with what earlier drafts spell otherwise and unmistakably.
 */
import type { Json } from '../../call.ts';
import { SCHEMA_LIMITS, whyUnbounded, type SchemaLimits } from './bounds.ts';
import { checkOfSchema } from './schema/compile-schema.ts';
import { Evaluation, type SchemaFault } from './schema/evaluation.ts';

export { SchemaBudgetError, type SchemaFault } from './schema/evaluation.ts';

/**
 * The faults of a value, at most ten; empty when it is valid.
 *
 * @throws SchemaBudgetError when the check would cost more than a bounded number of steps.
 *
 * @example
 * ```ts
 * const isValid = (check: CheckSchema, value: Json): boolean => check(value).length === 0;
 * ```
 */
export type CheckSchema = (value: Json) => readonly SchemaFault[];

/**
 * @throws Error with a sentence for the operator, when the schema cannot be checked safely.
 *
 * @example
 * ```ts
 * const check = compileSchema({ type: 'object', required: ['from'] });
 * const faults = check({}); // [{ path: '', message: "must have required property 'from'" }]
 * ```
 */
export const compileSchema = (schema: Json, limits: SchemaLimits = SCHEMA_LIMITS): CheckSchema =>
  compileWeighed(schema, limits).check;

/** A compiled schema, and about how much memory it takes. */
export interface WeighedCheck {
  readonly check: CheckSchema;
  readonly bytes: number;
}

/** Measured: the functions of a schema take some 27 bytes for each of its characters. */
const BYTES_PER_CHARACTER = 30;

/** The same with its weight. @throws Error as `compileSchema`. */
export function compileWeighed(schema: Json, limits: SchemaLimits): WeighedCheck {
  const { check, patternBytes } = boundedCheck(schema, limits);
  return {
    check: (value) => {
      const evaluation = new Evaluation(value);
      return check(value, evaluation, undefined) ? [] : evaluation.faults;
    },
    bytes: patternBytes + BYTES_PER_CHARACTER * JSON.stringify(schema).length,
  };
}

function boundedCheck(schema: Json, limits: SchemaLimits): ReturnType<typeof checkOfSchema> {
  try {
    const unbounded = whyUnbounded(schema, limits);
    if (unbounded !== undefined) throw new Error(unbounded);
    return checkOfSchema(schema);
  } catch (cause) {
    // Chains of references can be longer than the stack of the engine.
    if (cause instanceof RangeError) throw new Error('the references of the schema are nested too deeply', { cause });
    throw cause;
  }
}
