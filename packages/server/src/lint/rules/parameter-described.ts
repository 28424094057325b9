import type { Rule } from '../rule.ts';
import { parametersOf } from '../parameters.ts';

/** Every parameter says what it means. */
export const parameterDescribed: Rule = {
  id: 'parameter-described',
  severity: 'warning',
  onlyOwn: false,
  check: (definition) =>
    parametersOf(definition)
      .filter(({ name, schema }) => name !== '' && typeof schema['description'] !== 'string' && !('$ref' in schema))
      .map(({ at, name }) => ({ at, message: `The parameter ${name} has no description.` })),
};
