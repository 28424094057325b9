import { describe, expect, it } from 'vitest';
import { isAtLeast, isLogLevel } from './log-levels.ts';

describe('log levels', () => {
  it.each(['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'])('%s is one', (level) =>
    expect(isLogLevel(level)).toBe(true),
  );

  it.each(['warn', 'Error', '', 3, undefined, null])('%j is not one', (level) => expect(isLogLevel(level)).toBe(false));

  it.each([
    ['debug', 'info', false],
    ['info', 'info', true],
    ['emergency', 'debug', true],
    ['loud', 'debug', false],
    [undefined, 'debug', false],
    ['debug', 'unknown', true],
  ])('%j is at least %j: %j', (level, least, expected) => expect(isAtLeast(level, least)).toBe(expected));
});
