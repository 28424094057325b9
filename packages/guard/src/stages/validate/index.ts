/** Stage 4: is the input well formed? It is checked against the pinned definition, and sent unchanged. */
import type { Definition, Json, JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { isObject } from '../../json/is-object.ts';
import type { Stages } from '../../guard.ts';
import { checkArguments, checkUndeclared } from './arguments.ts';
import { SCHEMA_LIMITS, type SchemaLimits } from './bounds.ts';
import type { CheckSchema } from './compile.ts';
import { completionArguments } from './completion-arguments.ts';
import { checkPromptArguments } from './prompt-arguments.ts';
import { createSchemaCache, type SchemaCache } from './schema-cache.ts';

export { compileSchema, SchemaBudgetError, type CheckSchema } from './compile.ts';
export { createSchemaCache, type SchemaCache } from './schema-cache.ts';
export { type SchemaFault } from './schema/evaluation.ts';
export { SCHEMA_LIMITS, type SchemaLimits } from './bounds.ts';
export { whyUncheckable } from './uncheckable.ts';

/** What the validate stage works with. */
export interface ValidateDeps {
  /** Whether arguments that the schema does not declare refuse the call. */
  readonly additionalArguments: (server: string) => 'reject' | 'allow';
  readonly limits?: SchemaLimits;
  /** Shared with the inspect stage, so that each schema is compiled once. */
  readonly outputCheck?: SchemaCache;
}

const NO_ARGUMENTS: JsonObject = Object.freeze({});
/**
 * The validate stage.
 *
 * @example
 * ```ts
 * const validate = createValidate({ additionalArguments: () => 'reject' });
 * ```
 */
export function createValidate({
  additionalArguments,
  limits = SCHEMA_LIMITS,
  outputCheck = createSchemaCache('outputSchema', limits),
}: ValidateDeps): Stages['validate'] {
  const inputCheck = createSchemaCache('inputSchema', limits);
  const compiledCheck = (definition: Definition): CheckSchema | undefined => {
    // Refused before the call: a result that cannot be checked would be withheld after it.
    compiled(outputCheck, definition, 'output');
    return compiled(inputCheck, definition, 'input');
  };
  return (call, row, definition) => {
    if (call.method === 'completion/complete') return completionArguments(call.params, definition);
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

function compiled(check: SchemaCache, definition: Definition, which: 'input' | 'output'): CheckSchema | undefined {
  try {
    return check(definition);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it does not compile';
    throw new GuardError('invalid_input', {
      message: `The ${which} schema of this tool cannot be checked safely, so it cannot be called: ${why}.`,
      suggestion: 'Tell the operator: sallyport check lists the tools whose schemas cannot be checked.',
      cause,
    });
  }
}

function argumentsOf(value: Json | undefined): JsonObject {
  // Clients in languages without an absent value write null.
  if (value === undefined || value === null) return NO_ARGUMENTS;
  if (!isObject(value)) throw new GuardError('invalid_input', { message: 'arguments must be an object.' });
  return value;
}
