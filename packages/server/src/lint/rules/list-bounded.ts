import type { Rule } from '../rule.ts';
import { isChoice, isOfType, parametersOf } from '../parameters.ts';

/** Every list has a largest length. */
export const listBounded: Rule = {
  id: 'list-bounded',
  severity: 'warning',
  onlyOwn: true,
  check: (definition) =>
    parametersOf(definition)
      .filter(({ schema }) => isOfType(schema, 'array') && !isChoice(schema) && !('maxItems' in schema))
      .map(({ at }) => ({ at, message: 'A list without a bound: give it a maxItems.' })),
};
