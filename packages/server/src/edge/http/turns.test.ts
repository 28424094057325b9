/** B7: of the messages that arrive at once, a few are begun in each turn of the event loop; then others go on. */
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rawRequest } from '../testing/raw-socket.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

const CONNECTIONS = 64;
/** Those that go on at once, and those that waited. */
const BEGUN_IN_A_TURN_MAX = 2 * 8;

let edge: TestEdge;
let turn = 0;
/** Calls that were begun, by turn. */
const begun = new Map<number, number>();
beforeAll(async () => {
  edge = await openTestEdge({
    tools: {
      echo: () => {
        begun.set(turn, (begun.get(turn) ?? 0) + 1);
        return Promise.resolve({ value: { content: [] } });
      },
    },
  });
});
afterAll(() => edge.close());

const open = (): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = connect(edge.port, '127.0.0.1', () => resolve(socket));
  });

const call = (id: number): string => {
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: {} } });
  const headers = [
    `Host: 127.0.0.1:${edge.port}`,
    'Authorization: Bearer alice',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return rawRequest('POST /mcp/crm', headers, body);
};

it('B7 calls on many connections at once are begun a few in each turn', async () => {
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, open));
  let answers = 0;
  for (const socket of sockets)
    socket.on('data', (bytes: Buffer) => (answers += String(bytes).split('HTTP/1.1 ').length - 1));
  // Each connection is known to the server before all send at the same moment.
  for (const [at, socket] of sockets.entries()) {
    socket.write(call(at));
    while (answers <= at) await nextTurn();
  }
  begun.clear();
  for (const [at, socket] of sockets.entries()) socket.write(call(at));
  while (answers < 2 * CONNECTIONS) {
    await nextTurn();
    turn += 1;
  }
  expect([...begun.values()].reduce((sum, count) => sum + count, 0)).toBe(CONNECTIONS);
  expect(Math.max(...begun.values())).toBeLessThanOrEqual(BEGUN_IN_A_TURN_MAX);
  for (const socket of sockets) socket.destroy();
});
