import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createByteBuffer } from './byte-buffer.ts';

it('B2 a buffer returns what was appended, whatever the pieces, and then begins anew', () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 12 }), (pieces) => {
      const buffer = createByteBuffer();
      for (const piece of pieces) buffer.append(Buffer.from(piece));
      const whole = Buffer.concat(pieces);
      expect(buffer.length).toBe(whole.length);
      expect(buffer.take().equals(whole)).toBe(true);
      expect([buffer.length, buffer.take().length]).toEqual([0, 0]);
    }),
    { numRuns: 50 },
  ));

it.each([1, 2, 7, 1_000, 65_536])('B2 a million bytes in pieces of %i hold at most four times their memory', (size) => {
  const buffer = createByteBuffer();
  for (let sent = 0; sent < 1_000_000; sent += size)
    buffer.append(Buffer.alloc(Math.min(size, 1_000_000 - sent), 0x61));
  expect(buffer.length).toBe(1_000_000);
  expect(buffer.heldBytesPeak).toBeLessThanOrEqual(4 * buffer.length);
});

it('B2 a message that arrives in one compact piece is not copied; a small piece of a large buffer is', () => {
  const buffer = createByteBuffer();
  const compact = Buffer.alloc(5_000, 0x61);
  buffer.append(compact);
  expect(buffer.take().buffer).toBe(compact.buffer);
  const large = Buffer.alloc(65_536);
  buffer.append(large.subarray(0, 10));
  expect(buffer.heldBytesPeak).toBeLessThan(large.length);
  expect(buffer.take().buffer).not.toBe(large.buffer);
});

it('B2 what arrives after a first piece does not change that piece', () => {
  const buffer = createByteBuffer();
  const whole = Buffer.from(new ArrayBuffer(8)).fill(0x61);
  buffer.append(whole.subarray(0, 4));
  buffer.append(Buffer.from('bb'));
  expect([buffer.take().toString(), whole.toString()]).toEqual(['aaaabb', 'aaaaaaaa']);
});

it('A19 a message that was taken is not changed by the next one', () => {
  const buffer = createByteBuffer();
  for (const piece of ['fir', 'st']) buffer.append(Buffer.from(piece));
  const first = buffer.take();
  for (const piece of ['sec', 'ond']) buffer.append(Buffer.from(piece));
  expect([first.toString(), buffer.take().toString()]).toEqual(['first', 'second']);
});
