/** B2: answers that nobody reads. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBytesUnderWay } from '../bytes-under-way.ts';
import { releaseWhenRead } from './unread-answer.ts';

/** More than the buffers of the system take. */
const ANSWER_BYTES = 32 * 1024 * 1024;
const limits = { strangerBytesMax: 1, tenantBytesMax: 100 * 1024 * 1024 };
const ann = { tenant: 'acme', user: 'ann' };

const held = createBytesUnderWay();
const sockets: Socket[] = [];
let answered = 0;
const server = createServer((_request, response) => {
  const share = held.open(limits);
  share.belongTo(ann);
  share.take(1_000);
  response.end(Buffer.alloc(ANSWER_BYTES));
  releaseWhenRead(response, share);
  answered += 1;
});

beforeEach(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await nextTurn();
};

async function ask(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  const before = answered;
  socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => answered > before);
  return socket;
}

it('B2 count for their tenant until they are read, or their client is gone; beyond the share they are cut off', async () => {
  const reader = await ask();
  expect(held.of('acme')).toBeGreaterThanOrEqual(ANSWER_BYTES);
  reader.resume();
  await until(() => held.of('acme') === 0);
  const silent = await ask();
  expect(held.of('acme')).toBeGreaterThanOrEqual(ANSWER_BYTES);
  // A second one would leave the user more than its tenant has left.
  const cutOff = await ask();
  cutOff.resume();
  await once(cutOff, 'close');
  expect(cutOff.bytesRead).toBeLessThan(ANSWER_BYTES);
  expect(held.of('acme')).toBeLessThan(2 * ANSWER_BYTES);
  silent.destroy();
  await until(() => held.of('acme') === 0);
});
