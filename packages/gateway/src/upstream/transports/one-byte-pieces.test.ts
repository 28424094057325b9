/** B2: what a server sends in pieces of one byte costs at most four times its bytes, whichever way it sends it. */
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Dispatcher } from 'undici';
import { expect, it } from 'vitest';
import { createSseParser } from '@sallyport/server/mcp/sse';
import { sendHttp, type HttpResponse } from './http/exchange.ts';
import { readLines } from './stdio/read-lines.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SENT_BYTES = 500_000;
const oneByte = (at: number): Buffer => Buffer.from([0x61 + (at % 26)]);

/** Memory that is in use when everything that nobody refers to is gone. */
function usedBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What a reader holds after it was sent pieces, and before it got the last one. */
async function heldBytes(send: (pieces: number) => void | Promise<void>): Promise<number> {
  // The first run compiles the code, whose memory is not that of the bytes.
  await send(1_000);
  const before = usedBytes();
  await send(SENT_BYTES);
  return usedBytes() - before;
}

/** A pool whose server sends what the test says, when the test says it. */
function scriptedPool(contentType: string) {
  let handler: Dispatcher.DispatchHandler | undefined;
  const controller = { pause: () => {}, resume: () => {}, abort: () => {} } as unknown as Dispatcher.DispatchController;
  const pool = {
    dispatch(_options: unknown, started: Dispatcher.DispatchHandler) {
      handler = started;
      started.onRequestStart?.(controller, {});
      started.onResponseStart?.(controller, 200, { 'content-type': contentType });
      return true;
    },
  } as unknown as Dispatcher;
  return {
    pool,
    send: (bytes: Buffer) => handler?.onResponseData?.(controller, bytes),
    end: () => handler?.onResponseEnd?.(controller, {}),
  };
}

it('B2 a JSON answer', async () => {
  const { pool, send, end } = scriptedPool('application/json');
  const request = { pool, method: 'POST', path: '/', headers: {}, body: undefined, bytesMax: 4 * SENT_BYTES } as const;
  const { outcome } = sendHttp(request);
  const held = await heldBytes((pieces) => {
    for (let at = 0; at < pieces; at++) send(oneByte(at));
  });
  end();
  const { body } = (await outcome) as HttpResponse;
  expect(body.length).toBe(SENT_BYTES + 1_000);
  expect(body.subarray(0, 4).toString()).toBe('abcd');
  expect(held).toBeLessThanOrEqual(4 * SENT_BYTES);
});

it.each([
  ['one line', ''],
  ['lines of one byte', '\ndata:'],
])('B2 a server-sent event of %s', async (_what, between) => {
  const events: Buffer[] = [];
  const parser = createSseParser(4 * SENT_BYTES, ({ data }) => events.push(data));
  parser.push(Buffer.from('data:'));
  let sentBytes = 0;
  const held = await heldBytes((pieces) => {
    // An event has a bounded number of lines.
    const lines = between === '' ? pieces : Math.min(pieces, 8_000);
    const before = sentBytes;
    for (let at = 0; at < lines; at++)
      for (const byte of Buffer.concat([Buffer.from(between), oneByte(at)])) {
        parser.push(Buffer.from([byte]));
        sentBytes += 1;
      }
    if (pieces < SENT_BYTES) sentBytes = before;
  });
  expect(parser.push(Buffer.from('\n\n'))).toBe(true);
  expect(events).toHaveLength(1);
  expect(held).toBeLessThanOrEqual(4 * sentBytes);
});

it('B2 a line of a child process', async () => {
  let sent = 0;
  const stdout = new Readable({ read() {} });
  const lines: Buffer[] = [];
  const read = readLines(stdout, 4 * SENT_BYTES, (line) => {
    lines.push(line);
    return 0;
  });
  const held = await heldBytes(async (pieces) => {
    for (let at = 0; at < pieces; at++) {
      stdout.push(oneByte(sent++));
      if (at % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    while (stdout.readableLength > 0) await new Promise((resolve) => setImmediate(resolve));
  });
  stdout.push('\n');
  stdout.push(null);
  expect(await read).toBeUndefined();
  expect(lines.map(({ length }) => length)).toEqual([SENT_BYTES + 1_000]);
  expect(held).toBeLessThanOrEqual(4 * SENT_BYTES);
});
