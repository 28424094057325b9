import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Log } from '@sallyport/guard';
import { createLogger } from './logger.ts';

const JWT = 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhbGljZSIsImNhbmFyeSI6MX0.c2lnbmF0dXJlLWNhbmFyeQ';
const KEY = 'sp_8f3a2c_Zm9vYmFyYmF6cXV4Y2FuYXJ5MTIzNDU2Nzg5MA';

function open(level: 'debug' | 'info' = 'debug', secrets: readonly string[] = []): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return {
    log: createLogger({ level: () => level, write: (line) => lines.push(line), secrets: () => secrets }),
    lines,
  };
}

it('one JSON document per line, with time, level, message and fields', () => {
  const { log, lines } = open();
  log('info', 'listening', { url: 'http://127.0.0.1:8700', correlation_id: 'abc-12345' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/\n$/);
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  expect(line).toEqual({
    level: 'info',
    time: expect.stringMatching(/^20\d\d-.*Z$/) as string,
    message: 'listening',
    fields: { url: 'http://127.0.0.1:8700', correlation_id: 'abc-12345' },
  });
});

it('writes nothing below its level', () => {
  const { log, lines } = open('info');
  log('debug', 'x');
  expect(lines).toEqual([]);
});

describe('A27 secrets never appear, wherever they are in the fields', () => {
  const bearer = `Bearer ${JWT}`;
  it.each<[string, string, Record<string, unknown>, string]>([
    ['a JWT in the message', `refused ${JWT}`, {}, 'c2lnbmF0dXJl'],
    ['a JWT cut off', `refused ${JWT.slice(0, 60)}`, {}, 'eyJzdWIi'],
    ['an API key in a value', 'x', { what: `key ${KEY} unknown` }, 'Zm9vYmFy'],
    ['an authorization header', 'x', { headers: { Authorization: 'Custom CANARY-1' } }, 'CANARY-1'],
    ['header arrays', 'x', { headers: { cookie: ['a=CANARY-2'] } }, 'CANARY-2'],
    ['a bearer token inside text', 'x', { line: `> authorization: ${bearer}` }, 'c2lnbmF0dXJl'],
    ['a member called token', 'x', { access_token: 'CANARY-3', refreshToken: 'CANARY-3' }, 'CANARY-3'],
    ['a member called password, deep down', 'x', { a: { b: [{ password: 'CANARY-4' }] } }, 'CANARY-4'],
    ['an error', 'x', { cause: new Error(`bad ${KEY}`, { cause: new Error(`worse ${JWT}`) }) }, 'Zm9vYmFy'],
    ['the cause of an error', 'x', { cause: new Error('a', { cause: new Error(`worse ${JWT}`) }) }, 'c2lnbmF0dXJl'],
    ['a URL with credentials', 'x', { url: new URL('https://user:CANARY-5@db.internal/x') }, 'CANARY-5'],
    ['text with a URL with credentials', 'connect postgres://user:CANARY-6@db failed', {}, 'CANARY-6'],
    ['a private key', 'x', { pem: '-----BEGIN PRIVATE KEY-----\nCANARY7\n-----END PRIVATE KEY-----' }, 'CANARY7'],
    ['a private key cut off', 'x', { pem: '-----BEGIN EC PRIVATE KEY-----\nCANARY7' }, 'CANARY7'],
    ['a resolved reference', 'x', { detail: 'upstream said: bad credentials opaque-canary-8' }, 'opaque-canary-8'],
    ['a name that is a secret', 'x', { [KEY]: 1 }, 'Zm9vYmFy'],
    ['a map', 'x', { map: new Map([['authorization', 'CANARY-9']]) }, 'CANARY-9'],
    ['bytes', 'x', { body: Buffer.from('CANARY-10') }, 'CANARY-10'],
    ['a foreign key', 'x', { detail: 'ghp_0123456789abcdefghijCANARY' }, 'CANARY'],
  ])('%s', (_name, message, fields, canary) => {
    const { log, lines } = open('debug', ['opaque-canary-8']);
    log('error', message, fields);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain(canary);
  });
});

describe('J13 log injection', () => {
  it('one call is one line without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const { log, lines } = open();
        log('warn', a, { [b]: a, nested: { value: b } });
        expect(lines).toHaveLength(1);
        const line = lines[0] ?? '';
        expect(line.slice(0, -1)).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/,
        );
        expect(JSON.parse(line)).toMatchObject({ level: 'warn' });
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    '\n',
    '\r',
    '\u001b[31m',
    '\u009b2J',
    '\u202e',
    '\u2066',
    '\u200b',
    '\u2028',
    '\ufeff',
    '\u{e0041}',
    '\ud800',
    '\u007f',
    '\u00ad',
  ])('%j is shown as an escape in messages, names and values', (character) => {
    const { log, lines } = open();
    log('info', `a${character}b`, { [`c${character}d`]: `e${character}f` });
    const line = lines[0] ?? '';
    expect(line.slice(0, -1)).not.toContain(character);
    const { message, fields } = JSON.parse(line) as { message: string; fields: Record<string, string> };
    for (const text of [message, Object.keys(fields)[0], Object.values(fields)[0]])
      expect(text).toMatch(/^[ace]\\u\{[0-9a-f]+\}/);
  });

  it('fields cannot imitate the level, the time or the message', () => {
    const { log, lines } = open();
    log('error', 'true message', { level: 'info', time: 'never', message: 'all is well' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      message: 'true message',
      fields: { message: 'all is well' },
    });
    expect(lines[0]?.indexOf('"level":"error"')).toBe(1);
  });
});

it('is bounded and does not throw for cycles, getters, huge texts and huge objects', () => {
  const { log, lines } = open();
  const circle: Record<string, unknown> = {
    get bad() {
      throw new Error('x');
    },
    big: 10n,
    f: () => 1,
    n: NaN,
    d: new Date(NaN),
  };
  circle['self'] = circle;
  log('info', 'x'.repeat(1_000_000), {
    circle,
    many: Array.from({ length: 100_000 }, (_, i) => i),
    text: 'y'.repeat(100_000),
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.length).toBeLessThan(20_000);
});

it('A24 redacting hostile text is linear', () => {
  const { log } = open();
  const cpuBefore = process.cpuUsage();
  for (const text of [
    'eyJ'.repeat(3000),
    'Bearer '.repeat(1500),
    `://${'a:'.repeat(4000)}`,
    '-----BEGIN '.repeat(800),
    'sp_'.repeat(3000),
  ])
    for (let i = 0; i < 20; i++) log('info', text);
  expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(1000);
});
