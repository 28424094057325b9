import { describe, expect, it } from 'vitest';
import { isLoopback } from './loopback.ts';

describe('isLoopback', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.2',
    '127.255.255.254',
    'localhost',
    'LOCALHOST',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '[::FFFF:127.1.2.3]',
    '::ffff:7f00:1',
  ])('%s is loopback', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    '',
    '0.0.0.0',
    '128.0.0.1',
    '127.0.0.256',
    '127.0.0.1.example.com',
    '127.0.0.1:80',
    '127.1',
    '0177.0.0.1',
    '127.0.0.01',
    'localhost.example.com',
    'foo.localhost',
    'example.com',
    '::',
    '::2',
    '::ffff:128.0.0.1',
    '::127.0.0.1',
    '[::1',
    '[::1]:80',
    '::1]/@example.com',
    'http://127.0.0.1',
  ])('%j is not loopback', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
