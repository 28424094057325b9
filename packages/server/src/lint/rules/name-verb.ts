import { nameOf, type Rule } from '../rule.ts';
import { isVerb, wordsOf } from '../words.ts';

/** The name of a tool says what it does: it has a verb. */
export const nameVerb: Rule = {
  id: 'name-verb',
  severity: 'warning',
  onlyOwn: false,
  check(definition) {
    if (definition.kind !== 'tool') return [];
    const words = wordsOf(nameOf(definition));
    return words.length === 0 || words.some(isVerb)
      ? []
      : [{ at: '/name', message: 'The name says no action: begin it with a verb, as get_customer.' }];
  },
};
