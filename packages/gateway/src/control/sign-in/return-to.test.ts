import { expect, it } from 'vitest';
import { localPath } from './return-to.ts';

it.each(['/', '/approvals/1?a=b#c', '/calls?text=%2F%2Fx', '/authors', '/a//b'])(
  '%s is where a sign-in leads',
  (path) => expect(localPath(path)).toBe(path),
);

it.each([
  '//evil.example',
  '/\\evil.example',
  '/%5c/../\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '/.//evil.example',
  '/..//evil.example/',
  '/%2e%2e//evil.example/',
  '\t//evil.example',
  '/\t/evil.example',
  '/auth/login?return_to=/',
  '/auth',
  '/x/../auth/login',
  '/a\r\nSet-Cookie: x=1',
  '/\u2028x',
  `/${'a'.repeat(2_000)}`,
  'approvals',
  '',
  null,
])('P14 %j leads to the first page, as a browser could read it as an address elsewhere', (path) =>
  expect(localPath(path)).toBe('/'),
);
