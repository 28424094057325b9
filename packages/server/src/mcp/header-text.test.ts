import fc from 'fast-check';
import { GuardError } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { decodeHeaderText, encodeHeaderText } from './header-text.ts';

describe('text in headers', () => {
  it.each([
    ['plain', 'plain'],
    ['a b', 'a b'],
    ['', '=?base64??='],
    [' a', '=?base64?IGE=?='],
    ['a ', '=?base64?YSA=?='],
    ['a\tb', '=?base64?YQli?='],
    ['Zürich', '=?base64?WsO8cmljaA==?='],
    ['a\r\nEvil: 1', '=?base64?YQ0KRXZpbDogMQ==?='],
    ['=?base64?YQ==?=', '=?base64?PT9iYXNlNjQ/WVE9PT89?='],
  ])('%j becomes %j', (text, header) => expect(encodeHeaderText(text)).toBe(header));

  it('every text is decoded to itself, and its header holds visible ASCII and spaces only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeHeaderText(encodeHeaderText(text))).toBe(text);
        expect(encodeHeaderText(text)).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });

  it.each(['=?BASE64?YQ==?=', '=?base64?YQ==', 'YQ=='])('%j stands for itself', (value) =>
    expect(decodeHeaderText(value)).toBe(value),
  );

  it.each(['=?base64?YQ?=', '=?base64?YQ=?=', '=?base64?Y Q==?=', '=?base64?/w==?='])('%j is refused', (value) =>
    expect(() => decodeHeaderText(value)).toThrow(GuardError),
  );
});
