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
