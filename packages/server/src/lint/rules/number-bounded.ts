import type { JsonObject } from '@sallyport/guard';
import type { Rule } from '../rule.ts';
import { isChoice, isOfType, parametersOf } from '../parameters.ts';

const hasBounds = (schema: JsonObject): boolean =>
  ('minimum' in schema || 'exclusiveMinimum' in schema) && ('maximum' in schema || 'exclusiveMaximum' in schema);

/** Every number has a least and a largest value. */
export const numberBounded: Rule = {
  id: 'number-bounded',
  severity: 'warning',
  onlyOwn: true,
  check: (definition) =>
    parametersOf(definition)
      .filter(({ schema }) => isOfType(schema, 'number', 'integer') && !isChoice(schema) && !hasBounds(schema))
      .map(({ at }) => ({ at, message: 'A number without bounds: give it a minimum and a maximum.' })),
};
