/** B2, B3: what the head of a request forbids is refused before its body is read; bytes under way are bounded. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuardError, Identity } from '@sallyport/guard';
import { PausableRequest } from '../../listen/pausable-request.ts';
import { send } from '../testing/client.mts';
import { rawRequest, sendBytes, statusOf } from '../testing/raw-socket.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';
import type { HttpEdgeDeps } from '../deps.ts';
import { createHttpEdge } from './edge.ts';

let edge: TestEdge;
let callsUnderWay = 0;
let letCallsEnd = (): void => {};
beforeAll(async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  letCallsEnd = resolve;
  edge = await openTestEdge({
    settings: { strangerBytesMax: 40_000, tenantBytesMax: 40_000 },
    tools: {
      async wait() {
        callsUnderWay += 1;
        await promise;
        return { value: { content: [] } };
      },
    },
  });
});
afterAll(() => edge.close());

const headers = (port: number, more: readonly string[]): string[] => [
  `Host: 127.0.0.1:${port}`,
  'Content-Type: application/json',
  ...more,
];
const LONG = 'Content-Length: 900000';

/** The answer to a head whose body never comes. */
const answerToHead = (start: string, lines: readonly string[], port = edge.port): Promise<string> =>
  sendBytes(port, rawRequest(start, lines), 60_000);

describe('B3 a head is refused although its body never comes:', () => {
  it.each<[status: number, what: string, start: string, more: readonly string[]]>([
    [401, 'no credential', 'POST /mcp/crm', [LONG]],
    [401, 'no credential, in chunks', 'POST /mcp/crm', ['Transfer-Encoding: chunked']],
    [401, 'a token that is not valid', 'POST /mcp/crm', ['Authorization: Bearer stale', LONG]],
    [403, 'a tenant that does not exist', 'POST /mcp/crm', ['Authorization: Bearer nobody', LONG]],
    [413, 'too long', 'POST /mcp/crm', ['Authorization: Bearer alice', 'Content-Length: 1000001']],
    [404, 'no such path', 'POST /other', ['Authorization: Bearer alice', LONG]],
    [405, 'no such method', 'PUT /mcp/crm', ['Authorization: Bearer alice', LONG]],
  ])('%i for %s', async (status, _what, start, more) => {
    const answer = await answerToHead(start, headers(edge.port, more));
    expect(statusOf(answer)).toBe(status);
    expect(answer).toMatch(/^Connection: close\r$/m);
    expect(answer.includes('WWW-Authenticate')).toBe(status === 401);
  });

  it('415 for another type, 403 for another Host', async () => {
    const credential = 'Authorization: Bearer alice';
    const type = [`Host: 127.0.0.1:${edge.port}`, credential, 'Content-Type: text/plain', LONG];
    expect(statusOf(await answerToHead('POST /mcp/crm', type))).toBe(415);
    const host = ['Host: evil.test', credential, 'Content-Type: application/json', LONG];
    expect(statusOf(await answerToHead('POST /mcp/crm', host))).toBe(403);
  });

  it('429 for an address over its limit', async () => {
    const few = await openTestEdge({ addressLimit: 1 });
    await send({ url: few.url, token: 'alice', method: 'ping' });
    const lines = headers(few.port, ['Authorization: Bearer alice', LONG]);
    expect(statusOf(await answerToHead('POST /mcp/crm', lines, few.port))).toBe(429);
    await few.close();
  });

  it('and a short body that follows leaves the connection usable', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const socket = connect(edge.port, '127.0.0.1');
    const refused = headers(edge.port, [`Content-Length: ${body.length}`]);
    socket.write(rawRequest('POST /mcp/crm', refused));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(statusOf(first.toString())).toBe(401);
    socket.write(body + rawRequest('POST /mcp/crm', ['Authorization: Bearer alice', ...refused], body));
    const [second] = (await once(socket, 'data')) as [Buffer];
    expect(statusOf(second.toString())).toBe(200);
    socket.destroy();
  });
});

/** An edge whose credentials are judged when the test says so. */
async function openUndecided() {
  const { promise, resolve, reject } = Promise.withResolvers<Identity>();
  const asked: (() => void)[] = [];
  const identify = (): Promise<Identity> => {
    for (const tell of asked) tell();
    return promise;
  };
  const opened = await openSockets({ ...edge.deps, guard: { ...edge.deps.guard, identify } });
  return {
    ...opened,
    isAsked: () => new Promise<void>((tell) => asked.push(tell)),
    accept: async () => resolve(await edge.deps.guard.identify({ kind: 'bearer', token: 'alice' })),
    refuse: (error: GuardError) => reject(error),
  };
}

/** An edge whose sockets can be looked at. */
async function openSockets(deps: HttpEdgeDeps) {
  const httpEdge = createHttpEdge(deps);
  const server: Server = createServer({ IncomingMessage: PausableRequest }, httpEdge.handle);
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close: async () => {
      await httpEdge.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const CHUNK = '1\r\n \r\n';
const oneByteChunks = (count: number): string => CHUNK.repeat(count);
const turns = async (count: number): Promise<void> => {
  for (let at = 0; at < count; at++)
    await new Promise((done) => {
      setImmediate(done);
    });
};

it.each(['GET', 'POST'])(
  'B7 after a refused %s of an address over its limit the socket is read again later',
  async (method) => {
    const few = await openTestEdge({ addressLimit: 1 });
    const { port, sockets, close } = await openSockets(few.deps);
    const body = method === 'POST' ? '{"jsonrpc":"2.0","id":1,"method":"ping"}' : '';
    const bytes = rawRequest(`${method} /mcp/crm`, headers(port, [`Content-Length: ${body.length}`]), body);
    const socket = connect(port, '127.0.0.1');
    const ask = async (): Promise<number> => {
      socket.write(bytes);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return statusOf(answer.toString());
    };
    await ask();
    expect(await ask()).toBe(429);
    const next = ask();
    await turns(500);
    expect(sockets[0]?.bytesRead).toBe(2 * bytes.length);
    expect(await next).toBe(429);
    socket.destroy();
    await close();
    await few.close();
  },
);

describe('B3 while a credential is judged', () => {
  it('nothing is read beyond what came with the head, and then the whole body is', async () => {
    const undecided = await openUndecided();
    const socket = connect(undecided.port, '127.0.0.1');
    const lines = headers(undecided.port, ['Authorization: Bearer alice', 'Transfer-Encoding: chunked']);
    const asked = undecided.isAsked();
    socket.write(rawRequest('POST /mcp/crm', lines) + oneByteChunks(30_000));
    await asked;
    await turns(500);
    expect(undecided.sockets[0]?.bytesRead).toBeLessThanOrEqual(65_536);
    await undecided.accept();
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    socket.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(statusOf(answer.toString())).toBe(200);
    socket.destroy();
    await undecided.close();
  });

  it('B2 the bytes of all callers that are not known yet are bounded together', async () => {
    const undecided = await openUndecided();
    const body = 'x'.repeat(30_000);
    const lines = headers(undecided.port, ['Authorization: Bearer alice', `Content-Length: ${body.length + 50_000}`]);
    const asked = undecided.isAsked();
    const first = connect(undecided.port, '127.0.0.1');
    first.write(rawRequest('POST /mcp/crm', lines, body));
    await asked;
    const [second] = await Promise.all([
      sendBytes(undecided.port, rawRequest('POST /mcp/crm', lines, body), 60_000),
      undecided.isAsked().then(() => undecided.accept()),
    ]);
    expect(statusOf(second)).toBe(503);
    expect(second).toMatch(/^Retry-After: 1\r$/m);
    first.destroy();
    await undecided.close();
  });
});

it('B2 the bytes of a tenant are bounded until its calls are answered, and leave other tenants alone', async () => {
  const call = (token: string, name: string) =>
    send({
      url: edge.url,
      token,
      method: 'tools/call',
      params: { name, arguments: { pad: 'x'.repeat(30_000) } },
    });
  const first = call('alice', 'wait');
  while (callsUnderWay === 0) await turns(1);
  const refused = await call('alice', 'echo');
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
  expect((await call('carol', 'echo')).status).toBe(200);
  letCallsEnd();
  expect((await first).status).toBe(200);
  expect((await call('alice', 'echo')).status).toBe(200);
});
