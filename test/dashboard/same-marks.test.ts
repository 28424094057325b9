/** U8: the page and the text of chat channels know the same characters that deceive. */
import { describe, expect, it } from 'vitest';
import { visibleParts } from '../../packages/dashboard/src/text/visible.ts';
import { plainText } from '../../packages/guard/src/approvals/plain-text.ts';

const isMarkedOnPage = (text: string): boolean => visibleParts(text).some(({ kind }) => kind === 'mark');
const isMarkedInChat = (text: string): boolean => plainText(text, 1_000).text !== text;

/** The first plane, styled letters, tags; of the planes between there is nothing that differs from its neighbour. */
const isTried = (code: number): boolean =>
  code <= 0xffff || (code >= 0x1_d000 && code <= 0x1_f2ff) || (code >= 0xe_0000 && code <= 0xe_01ff);

/** Texts that one of the two marks and the other one does not. */
const disputed = (textOf: (character: string) => string, wanted: RegExp): string[] => {
  const found: string[] = [];
  for (let code = 0; code <= 0x10_ffff; code++) {
    const character = String.fromCodePoint(code);
    if (!isTried(code) || !wanted.test(character)) continue;
    const text = textOf(character);
    const [page, chat] = [isMarkedOnPage(text), isMarkedInChat(text)];
    if (page !== chat) found.push(`U+${code.toString(16)} ${page ? 'page' : 'chat'} only`);
  }
  return found;
};

describe('U8 the page and the chat channels mark the same', () => {
  it('characters that are not drawn, and letters of other styles, in the middle of a word', () => {
    expect(disputed((character) => `a${character}b`, /[^]/u)).toEqual([]);
  });

  it('letters that are drawn like Latin ones, as a word of their own', () => {
    const scripts =
      /(?=\p{L})[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]/u;
    expect(disputed((character) => `pay ${character}${character} now`, scripts)).toEqual([]);
  });

  it.each([
    ['a wall of spaces', `a${' '.repeat(400)}b`],
    ['a wall of line breaks', `a${'\n'.repeat(400)}b`],
    ['a tower of marks', `e${'\u0301'.repeat(40)}x`],
  ])('%s', (_what, text) => {
    expect([isMarkedOnPage(text), isMarkedInChat(text)]).toEqual([true, true]);
  });
});
