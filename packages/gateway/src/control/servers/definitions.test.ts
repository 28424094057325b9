/** A5, U8: what a reviewer of a definition must see, however a server hides it; and what looking costs. */
import { describe, expect, it } from 'vitest';
import { diffDefinitions } from './definition-diff.ts';
import { escapeHidden, HIDDEN_CHARACTERS_MAX, hiddenCharactersOf } from './hidden-characters.ts';

describe('A5 U8 hidden characters', () => {
  it.each([
    ['\u0000', 'null'],
    ['\u001b', 'escape'],
    ['\r', 'carriage return'],
    ['\u0085', 'control character'],
    ['\u00a0', 'no-break space'],
    ['\u00ad', 'soft hyphen'],
    ['\u034f', 'grapheme joiner'],
    ['\u115f', 'hangul filler'],
    ['\u180e', 'mongolian vowel separator'],
    ['\u200b', 'zero-width space'],
    ['\u200f', 'right-to-left mark'],
    ['\u2003', 'space'],
    ['\u2028', 'line separator'],
    ['\u202e', 'right-to-left override'],
    ['\u2062', 'format character'],
    ['\u2066', 'left-to-right isolate'],
    ['\u2800', 'blank braille pattern'],
    ['\u3000', 'space'],
    ['\u3164', 'hangul filler'],
    ['\ufe0f', 'variation selector'],
    ['\ufeff', 'byte order mark'],
    ['\uffa0', 'hangul filler'],
    ['\ue000', 'private-use character'],
    ['\ud800', 'half of a pair'],
    ['\u{e0041}', 'tag character'],
    ['\u{e0100}', 'variation selector'],
    ['\u0378', 'unassigned character'],
  ])('%j is named, in a text and in a name', (character, name) => {
    const found = hiddenCharactersOf({ a: [`x${character}y`], [`b${character}/~`]: 1 });
    expect(found.map((one) => [one.path, one.name])).toEqual([
      ['/a/0', name],
      [`/b${character}~1~0`, name],
    ]);
    expect(escapeHidden(`x${character}y`)).toMatch(/^x\\u\{[0-9a-f]+\}y$/);
  });
  it('what people write is not hidden', () => {
    const text = 'Überweisung an 山田 für 5 €:\n\tпривет שלום नमस्ते 👍🏽 e\u0301';
    expect([hiddenCharactersOf({ text }), escapeHidden(text)]).toEqual([[], text]);
  });
  it('an escape that a server writes itself is not one of ours', () => {
    const [, line] = diffDefinitions({}, { a: '\\u{202e}' })
      .map(({ text }) => text)
      .slice(-2);
    expect(diffDefinitions({}, { a: '\\u{202e}' }).map(({ text }) => text)).toContain('  "a": "\\\\u{202e}"');
    expect(line).toBe('}');
  });
  it('B5 a document full of them is listed in part', () => {
    expect(hiddenCharactersOf({ text: '\u200b'.repeat(100_000) }).length).toBe(HIDDEN_CHARACTERS_MAX);
  });
});

describe('A3 a diff', () => {
  it('is of members in any order, line by line', () => {
    expect(diffDefinitions({ b: 1, a: { d: 1, c: 2 } }, { a: { c: 2, d: 3 }, b: 1 })).toEqual([
      { op: 'same', text: '{' },
      { op: 'same', text: '  "a": {' },
      { op: 'same', text: '    "c": 2,' },
      { op: 'remove', text: '    "d": 1' },
      { op: 'add', text: '    "d": 3' },
      { op: 'same', text: '  },' },
      { op: 'same', text: '  "b": 1' },
      { op: 'same', text: '}' },
    ]);
    expect(diffDefinitions(undefined, {})).toEqual([{ op: 'add', text: '{}' }]);
  });
  it('B5 of documents that have nothing in common lists the old one before the new one', () => {
    const big = (letter: string) => ({ list: Array.from({ length: 20_000 }, (_, at) => `${letter}${at}`) });
    const ops = diffDefinitions(big('a'), big('b')).map(({ op }) => op);
    expect(ops.length).toBe(2 * 20_004);
    expect(ops.lastIndexOf('remove')).toBeLessThan(ops.indexOf('add'));
  });
});
