import { describe, expect, it } from 'vitest';
import { isSameOrBelow } from './resource-uris.ts';

describe('resources below a subscribed one', () => {
  it.each([
    ['file:///a', 'file:///a', true],
    ['file:///a/b', 'file:///a', true],
    ['file:///a/b', 'file:///a/', true],
    ['file:///ab', 'file:///a', false],
    ['file:///', 'file:///a', false],
    ['file:///a', 'file:///a/', false],
  ])('%s is at or below %s: %j', (uri, subscribed, expected) => expect(isSameOrBelow(uri, subscribed)).toBe(expected));
});
