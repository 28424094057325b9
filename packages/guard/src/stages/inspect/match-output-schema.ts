import type { Definition, Json, JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { SchemaBudgetError, type CheckSchema, type SchemaFault } from '../validate/compile.ts';
import type { SchemaCache } from '../validate/index.ts';
import { isUnfinished } from './match-shape.ts';

/**
 * J12: a tool with an output schema returns structured content, and it matches the schema that was approved. A result
 * that comes later, from a task, too.
 */
export function createMatchOutputSchema(checkOf: SchemaCache) {
  return (value: JsonObject, definition: Definition): void => {
    if (definition.document['outputSchema'] === undefined || value['isError'] === true || isUnfinished(value)) return;
    const check = compiledSchema(checkOf, definition);
    const structured = value['structuredContent'];
    if (structured === undefined) throw blocked('structured content is missing');
    const fault = firstFault(check, structured);
    if (fault !== undefined) throw blocked(`${fault.path === '' ? 'it' : fault.path} ${fault.message}`);
  };
}

/** @throws GuardError `output_blocked` when the check would cost more than its budget (B4). */
function firstFault(check: CheckSchema | undefined, structured: Json): SchemaFault | undefined {
  try {
    return check?.(structured)[0];
  } catch (cause) {
    if (!(cause instanceof SchemaBudgetError)) throw cause;
    throw blocked(cause.message, cause);
  }
}

/** The call was executed, so the error for a schema that cannot be checked must not suggest a retry. */
function compiledSchema(checkOf: SchemaCache, definition: Definition): CheckSchema | undefined {
  try {
    return checkOf(definition);
  } catch (cause) {
    throw new GuardError('output_blocked', {
      message:
        'The output schema of this tool cannot be checked safely, so its results are blocked. The call was executed.',
      cause,
    });
  }
}

const blocked = (why: string, cause?: Error): GuardError =>
  new GuardError('output_blocked', {
    message: `The result does not match the approved output schema: ${why}. The call was executed.`,
    ...(cause !== undefined && { cause }),
  });
