import { describe, expect, it } from 'vitest';
import { andThen } from './maybe-promise.ts';

describe('andThen', () => {
  it('continues at once with a value', () => {
    expect(andThen(1, (value) => value + 1)).toBe(2);
  });

  it('continues later with a promise, and passes on a rejection', async () => {
    await expect(andThen(Promise.resolve(1), (value) => value + 1)).resolves.toBe(2);
    await expect(andThen(Promise.reject(new Error('no')), () => 1)).rejects.toThrow('no');
  });
});
