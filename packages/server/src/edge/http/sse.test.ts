/** What is written to a client that does not read. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { writeBounded } from './sse.ts';

it('H9 a client that does not read holds about a mebibyte of a stream, then it is disconnected', () => {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const event = 'x'.repeat(64 * 1024);
  let written = 0;
  while (!response.destroyed && written < 64 * 1024 * 1024) {
    writeBounded(response, event);
    written += event.length;
  }
  expect(response.destroyed).toBe(true);
  expect(written).toBeLessThanOrEqual(1.25 * 1024 * 1024);
});
