/** `tools/call`: the arguments match the pinned input schema, and each is declared there. */
import type { Definition, Json, JsonObject } from '../../call.ts';
import { asObject } from '../../json/is-object.ts';
import { GuardError } from '../../errors.ts';
import { SchemaBudgetError, type CheckSchema, type SchemaFault } from './compile.ts';

/** @throws GuardError `invalid_input` that names the faults, or what the check would have cost (B4). */
export function checkArguments(check: CheckSchema, input: JsonObject): void {
  const faults = faultsOf(check, input);
  if (faults.length > 0) throw invalidInput(faults);
}

function faultsOf(check: CheckSchema, input: JsonObject): readonly SchemaFault[] {
  try {
    return check(input);
  } catch (cause) {
    if (!(cause instanceof SchemaBudgetError)) throw cause;
    throw new GuardError('invalid_input', {
      message: `The arguments cannot be checked against the input schema of this tool: ${cause.message}.`,
      suggestion: 'Send smaller or less deeply nested arguments.',
      cause,
    });
  }
}

/**
 * J9: a schema that lists its properties and has no keyword about others allows no others, unless the operator does.
 *
 * @throws GuardError `invalid_input` that counts the undeclared arguments, and does not name them.
 */
export function checkUndeclared(definition: Definition, input: JsonObject): void {
  const schema = asObject(definition.document['inputSchema']);
  const { properties } = schema;
  if (properties === undefined || DECIDING_KEYWORDS.some((keyword) => keyword in schema)) return;
  const extra = Object.keys(input).filter((name) => !Object.hasOwn(asObject(properties), name));
  if (extra.length > 0)
    throw invalidInput([
      { path: '', message: `must NOT have arguments that the schema does not declare (${extra.length} found)` },
    ]);
}

/** With one of these, the schema itself decides about undeclared arguments. */
const DECIDING_KEYWORDS = [
  'additionalProperties',
  'unevaluatedProperties',
  'patternProperties',
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'propertyNames',
  'dependentSchemas',
];

/** The refusal: the model reads the faults and can correct them. */
export function invalidInput(faults: readonly SchemaFault[]): GuardError {
  const sentence = faults.map((fault) => `${fault.path === '' ? 'arguments' : fault.path} ${fault.message}`).join('; ');
  return new GuardError('invalid_input', {
    message: `The arguments do not match the input schema: ${sentence}.`,
    data: { errors: faults as unknown as Json },
  });
}
