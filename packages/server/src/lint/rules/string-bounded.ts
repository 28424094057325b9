import type { Rule } from '../rule.ts';
import { isChoice, isOfType, parametersOf } from '../parameters.ts';

/** Every text has a bound: a length, a pattern, or a choice. */
export const stringBounded: Rule = {
  id: 'string-bounded',
  severity: 'warning',
  onlyOwn: true,
  check: (definition) =>
    parametersOf(definition)
      .filter(({ schema }) => isOfType(schema, 'string') && !isChoice(schema))
      .filter(({ schema }) => !('maxLength' in schema || 'pattern' in schema || 'format' in schema))
      .map(({ at }) => ({ at, message: 'A text without a bound: give it a maxLength, a pattern or a choice.' })),
};
