/** U1 U8: what an approver reads is what would be sent, to the digit. */
import { describe, expect, it } from 'vitest';
import { jsonLines } from '../../packages/dashboard/src/text/json-lines.ts';
import { memberOf, parseTree } from '../../packages/dashboard/src/text/json-tree.ts';

const shown = (text: string): string[] =>
  jsonLines(parseTree(text)).map(
    ({ depth, key, plain, text: value, comma }) =>
      `${' '.repeat(depth)}${key === undefined ? '' : `${key}: `}${plain ?? JSON.stringify(value)}${comma === true ? ',' : ''}`,
  );

describe('U8 arguments', () => {
  it('numbers keep every digit, where JSON.parse would round them', () => {
    expect(shown('{"amount":4000.00,"account":12345678901234567890,"tiny":1e-400,"minus":-0}')).toEqual([
      '{',
      ' amount: 4000.00,',
      ' account: 12345678901234567890,',
      ' tiny: 1e-400,',
      ' minus: -0',
      '}',
    ]);
  });

  it('keys keep their order and are shown as often as they are there', () => {
    expect(shown('{"b":1,"10":2,"9":3,"b":4,"__proto__":5}')).toEqual([
      '{',
      ' b: 1,',
      ' 10: 2,',
      ' 9: 3,',
      ' b: 4,',
      ' __proto__: 5',
      '}',
    ]);
  });

  it('pointers name the lines that differ', () => {
    const pointers = jsonLines(parseTree('{"a/b":[{"c~d":1}]}')).map(({ pointer }) => pointer);
    expect(pointers).toContain('/a~1b/0/c~0d');
  });

  it('the arguments are found in the whole answer, also beside a member of the same name', () => {
    const answer = parseTree('{"x":{"arguments":{"no":1}},"arguments":{"yes":[true,null,""]}}');
    expect(memberOf(answer, 'arguments')).toEqual(parseTree('{"yes":[true,null,""]}'));
  });

  it.each(['', '{', '{"a"}', '{"a":1}}', '[1,]x', 'tru', '"\n"', '{"a":1,"b"}', '{1:2}'])('%j is no JSON', (text) => {
    expect(() => parseTree(text)).toThrow();
  });

  it('deep and long arguments are shown whole', () => {
    expect(jsonLines(parseTree(`${'['.repeat(64)}1${']'.repeat(64)}`))).toHaveLength(129);
    expect(jsonLines(parseTree(JSON.stringify(Array.from({ length: 20_000 }, () => 'x'))))).toHaveLength(20_002);
  });
});
