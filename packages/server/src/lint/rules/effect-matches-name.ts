import { isObject } from '@sallyport/guard';
import { nameOf, type Rule } from '../rule.ts';
import { DELETING, READING, SENDING, wordsOf, WRITING } from '../words.ts';

/** What a name says a tool does is what its annotations say. */
export const effectMatchesName: Rule = {
  id: 'effect-matches-name',
  severity: 'error',
  onlyOwn: false,
  check(definition) {
    const { annotations } = definition.document;
    if (definition.kind !== 'tool' || !isObject(annotations)) return [];
    const [verb = ''] = wordsOf(nameOf(definition));
    const reads = annotations['readOnlyHint'] === true;
    const changes = DELETING.has(verb) || WRITING.has(verb) || SENDING.has(verb);
    if (reads && changes && !READING.has(verb))
      return [{ at: '/annotations', message: `The name says "${verb}", and the annotations say it only reads.` }];
    if (DELETING.has(verb) && annotations['destructiveHint'] === false)
      return [{ at: '/annotations', message: `The name says "${verb}", and the annotations say it destroys nothing.` }];
    return [];
  },
};
