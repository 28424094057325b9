/** What is kept of the failures of a server. */
import { describe, expect, it } from 'vitest';
import { cleanLine, throwAsSent, transportErrorOf, transportFailure } from './failure.ts';

describe('the text of a server', () => {
  it('J13 is its first line without control, format and private characters', () => {
    expect(cleanLine('a\u0007b\u202Ec\uE000d\u200Be\nsecond')).toBe('abcde');
    expect(cleanLine('one\u2028two')).toBe('one');
  });

  it('is bounded', () => {
    expect(cleanLine('x'.repeat(5_000))).toHaveLength(500);
  });
});

describe('L10 a failure after something was sent', () => {
  it('is never taken for one before', () => {
    const unsent = transportFailure('not reached', { unsent: true });
    expect(transportErrorOf(unsent)?.unsent).toBe(true);
    let thrown: unknown;
    try {
      throwAsSent(unsent);
    } catch (error) {
      thrown = error;
    }
    expect(transportErrorOf(thrown)).toMatchObject({ reason: 'not reached', unsent: false });
  });
});
