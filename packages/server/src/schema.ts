/**
 * Schemas of any library that speaks Standard Schema and Standard JSON Schema (Zod 4, ArkType, Valibot with its
 * converter), or plain JSON Schema 2020-12. What is published is JSON Schema; what a handler gets is what the library
 * made of the input.
 */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { isObject, type Json, type JsonObject, type MaybePromise } from '@sallyport/guard';
import { compileSchema, type CheckSchema } from '@sallyport/guard/stages';
import { closeObjects } from './close-objects.ts';

/**
 * A schema as an author writes it.
 *
 * @example
 * ```ts
 * const plain: Schema = { type: 'object', properties: { id: { type: 'string', maxLength: 40 } } };
 * ```
 */
export type Schema = StandardSchema | JsonObject;

/**
 * A schema of a library that can validate and that can say what it accepts as JSON Schema.
 *
 * @example
 * ```ts
 * const vendorOf = (schema: StandardSchema): string => schema['~standard'].vendor;
 * ```
 */
export interface StandardSchema {
  readonly '~standard': StandardSchemaV1.Props & StandardJSONSchemaV1.Props;
}

/**
 * What a handler gets: the value after defaults and transforms.
 *
 * @example
 * ```ts
 * type Id = SchemaOutput<StandardSchema>;
 * ```
 */
export type SchemaOutput<S> = S extends StandardSchema ? StandardSchemaV1.InferOutput<S> : JsonObject;

/**
 * What a caller sends, and what a handler with an output schema returns.
 *
 * @example
 * ```ts
 * type Id = SchemaInput<StandardSchema>;
 * ```
 */
export type SchemaInput<S> = S extends StandardSchema ? StandardSchemaV1.InferInput<S> : JsonObject;

/** A schema that is ready for use. */
export interface PreparedSchema {
  /** What is published: JSON Schema 2020-12, closed against members that it does not declare. */
  readonly document: JsonObject;
  /** Checks against the published schema. */
  readonly check: CheckSchema;
  /** What the library makes of a value, or what it has against it. */
  readonly parse: (value: Json) => MaybePromise<Parsed>;
}

/** The value of the library, or its faults: one text each. */
export type Parsed =
  | { readonly value: unknown; readonly faults?: undefined }
  | { readonly faults: readonly [string, ...string[]] };

/**
 * @param side `input` of a schema with defaults may leave members out that its `output` always has.
 * @throws RangeError when the schema is not one of an object, has no JSON Schema, or cannot be checked safely.
 */
export function prepareSchema(schema: Schema, side: 'input' | 'output', what: string): PreparedSchema {
  const document = closeObjects(documentOf(schema, side, what));
  if (document['type'] !== 'object') throw new RangeError(`${what} must have type: 'object'`);
  try {
    const check = compileSchema(document);
    return { document, check, parse: isStandard(schema) ? parseWith(schema) : (value) => ({ value }) };
  } catch (cause) {
    throw new RangeError(`${what} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

/** Whether a schema is one of a library. */
export const isStandard = (schema: Schema): schema is StandardSchema =>
  isObject((schema as JsonObject)['~standard'] as Json) || typeof schema === 'function';

function documentOf(schema: Schema, side: 'input' | 'output', what: string): JsonObject {
  if (!isStandard(schema)) return schema;
  const { jsonSchema, vendor } = schema['~standard'] as Partial<StandardSchema['~standard']>;
  if (jsonSchema === undefined)
    throw new RangeError(
      `${what} is a schema of ${vendor} that has no JSON Schema: its library must implement Standard JSON Schema`,
    );
  try {
    const { $schema: _dialect, ...document } = jsonSchema[side]({ target: 'draft-2020-12' }) as JsonObject;
    return document;
  } catch (cause) {
    throw new RangeError(`${what} has no JSON Schema: ${(cause as Error).message}`, { cause });
  }
}

function parseWith(schema: StandardSchema): PreparedSchema['parse'] {
  return (value) => {
    const result = schema['~standard'].validate(value);
    return result instanceof Promise ? result.then(parsedOf) : parsedOf(result);
  };
}

function parsedOf(result: StandardSchemaV1.Result<unknown>): Parsed {
  const [first, ...others] = (result.issues ?? []).map(faultOf);
  return first === undefined
    ? { value: (result as { readonly value: unknown }).value }
    : { faults: [first, ...others] };
}

function faultOf({ path = [], message }: StandardSchemaV1.Issue): string {
  const members = path.map((part) => String(typeof part === 'object' ? part.key : part));
  return `${members.length === 0 ? '' : `/${members.join('/')} `}${message}`;
}
