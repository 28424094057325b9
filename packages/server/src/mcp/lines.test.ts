import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from './lines.ts';

const TOO_LONG = null;

function split(chunks: readonly Buffer[], lineBytesMax = 8): (string | typeof TOO_LONG)[] {
  const splitter = createLineSplitter(lineBytesMax);
  return chunks.flatMap((chunk) => [...splitter.split(chunk)].map((line) => line?.toString() ?? TOO_LONG));
}

describe('lines', () => {
  it.each<[string, (string | typeof TOO_LONG)[]]>([
    ['a\nb\n', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\n\n', ['', '']],
    ['a\rb\n', ['a\rb']],
    ['a\nunfinished', ['a', TOO_LONG]],
    ['a\nbegun', ['a']],
    ['12345678\n', ['12345678']],
    ['123456789\nb\n', [TOO_LONG, 'b']],
    ['', []],
  ])('%j becomes %j', (text, lines) => expect(split([Buffer.from(text)])).toEqual(lines));

  it('does not depend on where the stream is cut', () => {
    const whole = Buffer.from('one\r\nüü\n\nfar too long a line\nlast\n');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        expect(split(chunks)).toEqual(['one', 'üü', '', TOO_LONG, 'last']);
      }),
    );
  });

  it('reports a line as too long before it ends, and only once', () => {
    const splitter = createLineSplitter(4);
    expect([...splitter.split(Buffer.from('12345'))]).toEqual([undefined]);
    expect([...splitter.split(Buffer.from('678'))]).toEqual([]);
    expect([...splitter.split(Buffer.from('9\nok\n'))].map(String)).toEqual(['ok']);
  });

  it('B2 a million writes of one byte hold at most four times their memory, and make the same line', () => {
    const splitter = createLineSplitter(2_000_000);
    const byte = Buffer.from('x');
    for (let sent = 0; sent < 1_000_000; sent++) for (const line of splitter.split(byte)) expect(line).toBe('none yet');
    const [line] = splitter.split(Buffer.from('\n'));
    expect(line?.length).toBe(1_000_000);
    expect(splitter.heldBytesPeak).toBeLessThanOrEqual(4_000_000);
  });

  it('B2 a line that is too long holds nothing', () => {
    const splitter = createLineSplitter(10_000);
    const reported = Array.from({ length: 100_000 }, () => [...splitter.split(Buffer.from('x'))]).flat();
    expect(reported).toEqual([undefined]);
    expect(splitter.heldBytesPeak).toBeLessThanOrEqual(40_000);
  });
});
