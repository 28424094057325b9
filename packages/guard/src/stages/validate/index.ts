/** Stage 4: is the input well formed? Against the pinned definition; what is judged is what is sent, unchanged. */
import type { Definition, Json, JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Stages } from '../../guard.ts';
import { checkArguments, checkUndeclared } from './arguments.ts';
import { SCHEMA_LIMITS, type SchemaLimits } from './bounds.ts';
import { compileSchema, type CheckSchema } from './compile.ts';
import { checkPromptArguments } from './prompt-arguments.ts';

export { compileSchema, type CheckSchema, type SchemaFault } from './compile.ts';
export { SCHEMA_LIMITS, type SchemaLimits } from './bounds.ts';

export interface ValidateDeps {
  readonly additionalArguments: (server: string) => 'reject' | 'allow';
  readonly limits?: SchemaLimits;
  /** Shared with the stage that looks at results, so that each schema is compiled once. */
  readonly outputCheck?: SchemaCache;
}

const NOTHING: JsonObject = Object.freeze({});
const COMPILED_MAX = 5_000;

export type SchemaCache = (definition: Definition) => CheckSchema | undefined;

/** Compiles each pinned schema once; a schema that cannot be compiled refuses every call (never skipped). */
export function createSchemaCache(member: 'inputSchema' | 'outputSchema', limits: SchemaLimits): SchemaCache {
  const compiled = new Map<string, CheckSchema | undefined>();
  return (definition) => {
    if (compiled.has(definition.digest)) return compiled.get(definition.digest);
    const schema = definition.document[member];
    const check = schema === undefined ? undefined : compileSchema(schema, limits);
    if (compiled.size >= COMPILED_MAX) compiled.delete(compiled.keys().next().value as string);
    compiled.set(definition.digest, check);
    return check;
  };
}

export function createValidate({
  additionalArguments,
  limits = SCHEMA_LIMITS,
  outputCheck = createSchemaCache('outputSchema', limits),
}: ValidateDeps): Stages['validate'] {
  const inputCheck = createSchemaCache('inputSchema', limits);
  const compiledCheck = (definition: Definition): CheckSchema | undefined => {
    try {
      // A tool whose results could not be checked would be executed for nothing.
      outputCheck(definition);
      return inputCheck(definition);
    } catch (cause) {
      throw new GuardError('invalid_input', {
        message: 'The schemas of this tool cannot be checked safely, so it cannot be called.',
        suggestion: 'Tell the operator: sallyport check names the reason.',
        cause,
      });
    }
  };
  return (call, row, definition) => {
    if (!row.validates || definition === undefined) return call.params;
    const input = argumentsOf(call.params['arguments']);
    if (definition.kind === 'prompt') checkPromptArguments(definition, input);
    else {
      const check = compiledCheck(definition);
      if (check !== undefined) checkArguments(check, input);
      if (additionalArguments(definition.server) === 'reject') checkUndeclared(definition, input);
    }
    return input;
  };
}

function argumentsOf(value: Json | undefined): JsonObject {
  if (value === undefined) return NOTHING;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GuardError('invalid_input', { message: 'arguments must be an object.' });
  }
  return value as JsonObject;
}
