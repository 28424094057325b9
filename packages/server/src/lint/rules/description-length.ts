import { descriptionOf, type Rule } from '../rule.ts';

const CHARACTERS_MIN = 20;
const CHARACTERS_MAX = 2_000;

/** A description says what the item does and when to use it, and is short enough to be read with many others. */
export const descriptionLength: Rule = {
  id: 'description-length',
  severity: 'warning',
  onlyOwn: false,
  check(definition) {
    const text = descriptionOf(definition).trim();
    if (text === '') return [{ at: '', message: 'There is no description: say what it does and when to use it.' }];
    // A character of these scripts says as much as a word.
    const length =
      text.length + 4 * (text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0);
    if (length < CHARACTERS_MIN)
      return [
        { at: '/description', message: 'The description is too short to choose by: say what it does, and when.' },
      ];
    return text.length > CHARACTERS_MAX
      ? [{ at: '/description', message: `The description has ${text.length} characters: models read all of them.` }]
      : [];
  },
};
