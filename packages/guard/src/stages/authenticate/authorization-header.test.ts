/** How a credential is read from the headers of a request. */
import { describe, expect, it } from 'vitest';
import { readAuthorization } from './authorization-header.ts';

describe('the Authorization header', () => {
  it('O20 is one, with one bearer token', () => {
    expect(readAuthorization([])).toEqual({ kind: 'none' });
    expect(readAuthorization(['bearer abc.def'])).toEqual({ kind: 'bearer', token: 'abc.def' });
  });

  it.each([
    ['two headers', ['Bearer one', 'Bearer two']],
    ['the same header twice', ['Bearer one', 'Bearer one']],
    ['another scheme', ['Basic abc']],
    ['no token', ['Bearer ']],
    ['two tokens', ['Bearer one two']],
    ['two tokens with a comma', ['Bearer one,two']],
    ['characters that no token has', ['Bearer a"b']],
  ])('O20 with %s is malformed', (_name, values) => {
    expect(readAuthorization(values)).toMatchObject({ kind: 'malformed' });
  });

  it('B1 has at most 16 KiB', () => {
    const token = 'a'.repeat(16_384 - 'Bearer '.length);
    expect(readAuthorization([`Bearer ${token}`])).toEqual({ kind: 'bearer', token });
    expect(readAuthorization([`Bearer ${token}a`])).toMatchObject({ kind: 'malformed' });
  });
});
