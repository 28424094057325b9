import fc from 'fast-check';
import { expect, it } from 'vitest';
import { oneLine } from './one-line.ts';

const ends = fc.constantFrom('\u0085', '\u2028', '\u2029', '\\', '"', 'x', '\u00e9', '\u{1f600}', '\n', '\r');
const texts = fc.array(ends, { maxLength: 8 }).map((parts) => parts.join(''));
const values = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    texts,
    fc.integer(),
    fc.boolean(),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(texts, tie('any'), { maxKeys: 3 }),
  ),
})).any;

it.each(['\t', '\n', '\r\n', ' \r'])(
  'A17 whatever is in it and however it is laid out (%j), it is one line to everybody and says the same',
  (gap) => {
    fc.assert(
      fc.property(values, (value) => {
        const text = JSON.stringify(value, null, 1).replaceAll('\n', `\n${gap}`);
        const line = oneLine(Buffer.from(text)).toString();
        expect(line).not.toMatch(/[\n\r\u0085\u2028\u2029]/);
        expect(JSON.parse(line)).toEqual(JSON.parse(text));
      }),
    );
  },
);

it('a text on one line is returned unchanged', () => {
  const bytes = Buffer.from('{"a":"\u00e9 \\u2028 \\n"}');
  expect(oneLine(bytes)).toBe(bytes);
});
