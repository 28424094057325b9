import { describe, expect, it } from 'vitest';
import { BoundedMap } from './bounded-map.ts';

describe('BoundedMap', () => {
  it('drops the entry that was inserted first when a new key exceeds the maximum', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1).set('b', 2).set('c', 3);
    expect([...map]).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
  });

  it('drops nothing when a known key is set again, and keeps its position', () => {
    const map = new BoundedMap<string | undefined, number>(2);
    map.set(undefined, 1).set('b', 2).set(undefined, 3);
    expect([...map]).toEqual([
      [undefined, 3],
      ['b', 2],
    ]);
    map.set('c', 4);
    expect([...map.keys()]).toEqual(['b', 'c']);
  });

  it.each([0, -1, Number.NaN])('refuses a maximum of %d', (entriesMax) => {
    expect(() => new BoundedMap(entriesMax)).toThrow(RangeError);
  });
});
