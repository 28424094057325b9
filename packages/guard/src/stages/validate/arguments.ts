/** `tools/call`: the arguments against the pinned input schema, and no argument that the schema does not speak of. */
import type { Definition, Json, JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { CheckSchema, SchemaFault } from './compile.ts';

export function checkArguments(check: CheckSchema, input: JsonObject): void {
  const faults = check(input);
  if (faults.length > 0) throw invalidInput(faults);
}

/** J9: a schema that lists its properties and says nothing of others means no others, unless the operator allows them. */
export function checkUndeclared(definition: Definition, input: JsonObject): void {
  const schema = definition.document['inputSchema'] as JsonObject | undefined;
  const properties = schema?.['properties'];
  if (schema === undefined || properties === undefined || OPEN.some((keyword) => keyword in schema)) return;
  const extra = Object.keys(input).filter((name) => !Object.hasOwn(properties as JsonObject, name));
  if (extra.length > 0)
    throw invalidInput([
      { path: '', message: `must NOT have arguments that the schema does not declare (${extra.length} found)` },
    ]);
}

const OPEN = [
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

export function invalidInput(faults: readonly SchemaFault[]): GuardError {
  const sentence = faults.map((fault) => `${fault.path === '' ? 'arguments' : fault.path} ${fault.message}`).join('; ');
  return new GuardError('invalid_input', {
    message: `The arguments do not match the input schema: ${sentence}.`,
    data: { errors: faults as unknown as Json },
  });
}
