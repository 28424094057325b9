import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hmacSha256 } from './hmac.ts';

it.each([
  [
    'RFC 4231 case 1',
    Buffer.alloc(20, 0x0b),
    'Hi There',
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    'RFC 4231 case 2',
    Buffer.from('Jefe'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
])('%s', (_name, key, text, digest) => expect(hmacSha256(key)(text)).toBe(digest));

it('equals the result of createHmac for every key and text, also when it is used again', () => {
  const hash = hmacSha256(Buffer.alloc(32, 7));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(hash(text)).toBe(createHmac('sha256', Buffer.alloc(32, 7)).update(text).digest('hex'));
    }),
  );
  for (const bytes of [1, 32, 64, 65, 131]) {
    const key = randomBytes(bytes);
    expect(hmacSha256(key)('ü')).toBe(createHmac('sha256', key).update('ü').digest('hex'));
  }
});

it('an empty key is refused', () => expect(() => hmacSha256(Buffer.alloc(0))).toThrow(RangeError));
