/** What the admin listener judges from the head of a request. */
import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { hostIsAllowed } from './host-check.ts';
import { readJsonBody } from './json-body.ts';

const requestOf = (headers: Record<string, string>, rawHeaders: string[] = []): IncomingMessage =>
  ({
    headers,
    rawHeaders,
    socket: { localPort: 8701 },
    iterator: () => {
      throw new Error('the body is read');
    },
  }) as unknown as IncomingMessage;

it('H1 two Host headers are refused, also when each of them is allowed', () => {
  const host = ['Host', '127.0.0.1:8701'];
  expect(hostIsAllowed(requestOf({}, host), '127.0.0.1', [])).toBe(true);
  expect(hostIsAllowed(requestOf({}, [...host, ...host]), '127.0.0.1', [])).toBe(false);
  expect(hostIsAllowed(requestOf({}), '127.0.0.1', [])).toBe(false);
});

it('B3 a body that is announced as too long is refused before it is read', async () => {
  const type = { 'content-type': 'application/json' };
  const tooLong = readJsonBody(requestOf({ ...type, 'content-length': String(64 * 1024 + 1) }));
  await expect(tooLong).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  await expect(readJsonBody(requestOf({ ...type, 'content-length': '2' }))).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  });
});
