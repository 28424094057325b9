/** U8, U9: what somebody who decides is shown of foreign text. */
import { describe, expect, it } from 'vitest';
import { plainText } from './plain-text.ts';

const shown = (text: string, max = 10_000): string => plainText(text, max).text;

describe('U8 what is not seen is shown', () => {
  it.each([
    ['a character that turns the line', 'pay \u202e000,1', 'pay \\u{202e}000,1'],
    ['isolates', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['marks of direction', 'a\u200fb\u061cc', 'a\\u{200f}b\\u{61c}c'],
    ['zero width', 'del\u200bete', 'del\\u{200b}ete'],
    ['a soft hyphen', 'de\u00adlete', 'de\\u{ad}lete'],
    ['tags', 'ok\u{e0041}\u{e007f}', 'ok\\u{e0041}\\u{e007f}'],
    ['variation selectors', 'a\ufe0fb\u{e0100}', 'a\\u{fe0f}b\\u{e0100}'],
    ['an escape sequence of a terminal', '\u001b[2K', '\\u{1b}[2K'],
    ['a carriage return', 'safe\rrm', 'safe\\u{d}rm'],
    ['a backspace and a NUL', 'a\bb\0', 'a\\u{8}b\\u{0}'],
    ['C1 controls', '\u0085\u009b', '\\u{85}\\u{9b}'],
    ['separators', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['spaces that are none', 'a\u00a0b\u3000c\u2800', 'a\\u{a0}b\\u{3000}c\\u{2800}'],
    ['fillers', '\u3164\u115f', '\\u{3164}\\u{115f}'],
    ['a lone surrogate', 'a\ud800', 'a\\u{d800}'],
    ['private use', '\ue000', '\\u{e000}'],
    ['a tab', 'a\tb', 'a\\u{9}b'],
  ])('%s', (_name, text, expected) => expect(shown(text)).toBe(expected));

  it.each([
    ['a Cyrillic letter in a Latin word', 'pаypal', 'pа\\u{430}ypal'],
    ['a Greek one', 'Αpple', 'Α\\u{391}pple'],
    ['a word that only looks Latin, in Latin text', 'send to сох', 'send to с\\u{441}о\\u{43e}х\\u{445}'],
    ['fullwidth letters', 'ｒｍ', 'ｒ\\u{ff52}ｍ\\u{ff4d}'],
    ['mathematical letters', '𝐫m', '𝐫\\u{1d42b}m'],
  ])('a look-alike is marked: %s', (_name, text, expected) => expect(shown(text)).toBe(expected));

  it.each([
    'Zahlung an Müller, 4.000 €',
    'Привет, мир: оплата счёта',
    'Πληρωμή λογαριασμού',
    '支払い 12,000円',
    'naïve café',
    'a\nb\n\nc',
    'emoji 🚀',
    '<b>@channel</b> *bold* [link](https://example.com)',
  ])('ordinary text is as it was: %s', (text) =>
    expect(plainText(text, 10_000)).toEqual({ text, hiddenCharacters: 0 }),
  );

  it('5,000 empty lines push nothing out of sight', () => {
    expect(shown(`top${'\n'.repeat(5_000)}bottom`, 100)).toBe('top\n[4,999 empty lines]\nbottom');
  });
});

describe('U9 what does not fit is cut, and said', () => {
  it('with the number of characters that are not shown', () => {
    const { text, hiddenCharacters } = plainText(`${'x'.repeat(10_000)}; rm -rf /`, 2_900);
    expect(hiddenCharacters).toBe(7_110);
    expect(text).toBe(`${'x'.repeat(2_900)}… (7,110 more characters are not shown)`);
  });

  it('never in the middle of a character or of an escape', () => {
    expect(plainText('ab🚀', 3)).toEqual({ text: 'ab… (1 more characters are not shown)', hiddenCharacters: 1 });
    expect(plainText('ab\u202e', 5).text).toBe('ab… (1 more characters are not shown)');
    expect(plainText('abc', 3)).toEqual({ text: 'abc', hiddenCharacters: 0 });
    expect(plainText('', 0)).toEqual({ text: '', hiddenCharacters: 0 });
  });

  it('what becomes longer by its escapes is counted as it is shown', () => {
    const { text, hiddenCharacters } = plainText('\u202e'.repeat(100), 80);
    expect(hiddenCharacters).toBe(90);
    expect(text.startsWith('\\u{202e}'.repeat(10))).toBe(true);
  });
});
