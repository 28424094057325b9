import { describe, expect, it } from 'vitest';
import { asObject, isObject } from './is-object.ts';

describe('isObject and asObject', () => {
  it.each([[{}], [{ a: 1 }], [Object.create(null)]])('%o is an object', (value) => {
    expect(isObject(value)).toBe(true);
    expect(asObject(value)).toBe(value);
  });

  it.each([[null], [undefined], [[]], [[{}]], ['text'], [1], [true]])('%o is not an object', (value) => {
    expect(isObject(value)).toBe(false);
    expect(asObject(value)).toEqual({});
  });

  it('the empty object has no inherited member', () => {
    expect(asObject(undefined)['constructor']).toBeUndefined();
    expect(asObject(undefined)['__proto__']).toBeUndefined();
  });
});
