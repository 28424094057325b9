/** U8: what a person who decides would not see, or would see as something else. */
import { describe, expect, it } from 'vitest';
import { visibleParts } from '../../packages/dashboard/src/text/visible.ts';

/** Marks between angle brackets. */
const shown = (text: string): string =>
  visibleParts(text)
    .map((part) => (part.kind === 'mark' ? `<${part.text}>` : part.text))
    .join('');

const LIES: readonly (readonly [what: string, text: string, shown: string])[] = [
  ['a right-to-left override', 'invoice\u202Egnp.exe', 'invoice<U+202E>gnp.exe'],
  ['an isolate and its end', '\u2067abc\u2069', '<U+2067>abc<U+2069>'],
  ['an arabic letter mark', 'a\u061Cb', 'a<U+061C>b'],
  ['a zero-width space', 'pay\u200Bpal', 'pay<U+200B>pal'],
  ['a zero-width joiner', 'a\u200Db', 'a<U+200D>b'],
  ['many of them', `a${'\u200B'.repeat(3)}b`, 'a<U+200B><U+200B><U+200B>b'],
  ['a byte order mark', '\uFEFFx', '<U+FEFF>x'],
  ['a soft hyphen', 'de\u00ADlete', 'de<U+00AD>lete'],
  ['a tag character', 'ok\u{E0041}', 'ok<U+E0041>'],
  ['a variation selector', 'a\uFE0Fb', 'a<U+FE0F>b'],
  ['a supplementary variation selector', 'a\u{E0100}b', 'a<U+E0100>b'],
  ['a hangul filler', 'a\u3164b', 'a<U+3164>b'],
  ['a half-width filler', 'a\uFFA0b', 'a<U+FFA0>b'],
  ['a blank that is no space', 'a\u2800b', 'a<U+2800>b'],
  ['a no-break space', 'a\u00A0b', 'a<U+00A0>b'],
  ['an em quad', 'a\u2001b', 'a<U+2001>b'],
  ['a line separator', 'a\u2028b', 'a<U+2028>b'],
  ['a carriage return that overwrites', 'safe\rrm -rf', 'safe<U+000D>rm -rf'],
  ['an escape sequence', 'a\u001B[2Jb', 'a<U+001B>[2Jb'],
  ['a tab', 'a\tb', 'a<U+0009>b'],
  ['a backspace', 'ab\b', 'ab<U+0008>'],
  ['a C1 control', 'a\u009Bb', 'a<U+009B>b'],
  ['half a pair', 'a\uD800b', 'a<U+D800>b'],
  ['a private character', 'a\uE000b', 'a<U+E000>b'],
  ['a number without a character', 'a\u0378b', 'a<U+0378>b'],
  ['5,000 line breaks', `a${'\n'.repeat(5_000)}b`, 'a<5,000 line breaks>b'],
  ['a wall of spaces', `a${' '.repeat(400)}b`, 'a<400 spaces>b'],
  ['lines of spaces', `a${' \n'.repeat(900)}b`, 'a<900 line breaks, 900 spaces>b'],
  ['a tower of marks', `e${'\u0301'.repeat(40)}x`, `e<40 × U+0301>x`],
  ['a cyrillic letter in a latin word', 'p\u0430ypal.com', 'p<\u0430>ypal.com'],
  ['a word of look-alikes', '\u0440\u0430\u0443', '<\u0440><\u0430><\u0443>'],
  ['a greek letter in a latin word', 'g\u03BFogle', 'g<\u03BF>ogle'],
  ['full-width letters', '\uFF41dmin', '<\uFF41>dmin'],
  ['mathematical letters', '\u{1D41A}dmin', '<\u{1D41A}>dmin'],
];

const HONEST: readonly string[] = [
  'Order 2026-118842 arrived broken; the customer sent photographs.',
  'Straße, naïve, žluťoučký kůň, Ελληνικά γράμματα, Русский текст, עברית, العربية, हिन्दी, 日本語, 한국어',
  'if (a) {\n    return 1;\n}\n\nnext',
  '<script>alert(1)</script> & "quotes"',
  'e\u0301 combining, 👍 emoji',
];

describe('U8 foreign text', () => {
  it.each(LIES)('%s is shown as a mark', (_what, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it.each(HONEST)('%j stays as it is', (text) => {
    expect(shown(text)).toBe(text);
  });

  it('every character of Unicode that is not drawn has a mark, whatever stands beside it', () => {
    const missed: string[] = [];
    const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]|\p{Default_Ignorable_Code_Point}/u;
    for (let code = 0; code <= 0x10_ffff; code++) {
      const character = String.fromCodePoint(code);
      if (code === 0x0a || !invisible.test(character)) continue;
      if (visibleParts(`a${character}b`).every(({ kind }) => kind === 'text')) missed.push(code.toString(16));
    }
    expect(missed).toEqual([]);
  });

  it('nothing is lost: the parts with their counts say every character', () => {
    for (const [, text] of LIES) {
      const letters = [...text].filter((letter) => /[a-z]/.test(letter)).join('');
      const kept = visibleParts(text)
        .filter(({ kind }) => kind === 'text')
        .map((part) => part.text)
        .join('');
      expect([...kept].filter((letter) => /[a-z]/.test(letter)).join('')).toBe(letters);
    }
  });

  it('takes time in proportion to the text', () => {
    const parts = visibleParts(`${'\u0430a '.repeat(50_000)}${'\u0301'.repeat(50_000)}`);
    expect(parts.length).toBeLessThan(250_000);
  });
});
