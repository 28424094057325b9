/** The listener without TLS: strict parser, limits for slow and greedy peers, and its close. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openListener } from './listener.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { SOCKET_LIMITS } from './socket-limits.ts';
import { listenSettings, open, portOf, respondHello, sendBytes } from './testing/listeners.mts';

describe('H4 requests that can be read in two ways', () => {
  const H = 'POST /mcp HTTP/1.1\r\nHost: x\r\n';
  it.each([
    ['CL+TE', `${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nCANARY`],
    ['two CL', `${H}Content-Length: 4\r\nContent-Length: 6\r\n\r\nCANARY`],
    ['CL with +', `${H}Content-Length: +6\r\n\r\nCANARY`],
    ['TE obfuscation', `${H}Transfer-Encoding: chunked, identity\r\n\r\n6\r\nCANARY\r\n0\r\n\r\n`],
    ['bare LF', 'POST /mcp HTTP/1.1\nHost: x\nContent-Length: 6\n\nCANARY'],
    ['space before colon', `${H}X-CANARY : 1\r\n\r\n`],
    ['NUL', `${H}X-A: CAN\0ARY\r\n\r\n`],
    ['obs-fold', `${H}X-A: 1\r\n CANARY\r\n\r\n`],
    ['no Host', 'GET /CANARY HTTP/1.1\r\n\r\n'],
    ['not HTTP', 'CANARY CANARY CANARY\r\n\r\n'],
  ])('%s', async (_name, bytes) => {
    const listener = await open();
    const { text, closed } = await sendBytes(listener, bytes);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).not.toContain('CANARY');
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(closed).toBe(true);
  });

  it.each([
    ['bytes that are not HTTP', 400, 'CANARY\r\n\r\n'],
    ['header bytes', 431, `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`],
    ['no Host', 400, 'GET / HTTP/1.1\r\n\r\n'],
    ['an expectation', 417, 'POST / HTTP/1.1\r\nHost: x\r\nExpect: CANARY\r\nContent-Length: 1\r\n\r\nx'],
    ['a handler that throws', 500, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('every refusal has the security headers: %s', async (_name, status, bytes) => {
    const { text, closed } = await sendBytes(
      await open({
        handler: () => {
          throw new Error('CANARY');
        },
      }),
      bytes,
    );
    expect([text.split(' ')[1], closed]).toEqual([String(status), true]);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(text).toContain(`${name}: ${value}\r\n`);
    expect(text).toMatch(/\r\nX-Correlation-ID: [0-9a-f-]{36}\r\n/);
    expect(text).not.toContain('CANARY');
  });

  it('headers that are too large: 431', async () => {
    const listener = await open();
    expect((await sendBytes(listener, `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`)).text).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  it('garbage behind a request does not get into its response', async () => {
    const listener = await open({
      handler: (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write('data: 1\n\n');
      },
    });
    const { text } = await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 3000, 'GARBAGE GARBAGE\r\n\r\n');
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(text).not.toContain('400');
  });
});

describe('H8 slow and greedy peers', () => {
  it('the limits of a listener that is given none', () => {
    expect(SOCKET_LIMITS).toEqual({
      headersTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      keepAliveTimeoutMs: 15_000,
      handshakeTimeoutMs: 10_000,
      headerBytesMax: 16_384,
      requestsPerSocketMax: 1_000_000,
      connectionsMax: 20_000,
      connectionsPerAddressMax: 2_000,
      drainMs: 10_000,
      certificatePollMs: 1_000,
    });
  });

  it('headers that never end: 408 and closed', async () => {
    const listener = await open({ limits: { headersTimeoutMs: 300, requestTimeoutMs: 600_000 } });
    const { text, closed } = await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\nX-A: ');
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(closed).toBe(true);
  });

  it('a body that never ends: 408 and closed', async () => {
    const listener = await open({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 400 } });
    const { text, closed } = await sendBytes(listener, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
    expect(text).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect(closed).toBe(true);
  });

  it('an idle connection is closed', async () => {
    const listener = await open({ limits: { keepAliveTimeoutMs: 200 } });
    const { text, closed } = await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).toContain('hello');
    expect(closed).toBe(true);
  });

  it('one address has a bounded number of open connections', async () => {
    const listener = await open({ limits: { connectionsPerAddressMax: 3 } });
    const sockets = await Promise.all(
      Array.from(
        { length: 3 },
        () =>
          new Promise<Socket>((resolve) => {
            const socket = connect(portOf(listener), '127.0.0.1', () => resolve(socket));
          }),
      ),
    );
    expect(await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatchObject({ text: '', closed: true });
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () => (await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).text, {
        timeout: 15_000,
      })
      .toContain('hello');
  });

  it('one connection has a bounded number of requests', async () => {
    const listener = await open({ limits: { requestsPerSocketMax: 2, keepAliveTimeoutMs: 200 } });
    const { text, closed } = await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(4));
    expect(text.match(/hello/g)).toHaveLength(2);
    expect(closed).toBe(true);
  });
});

describe('close', () => {
  it('lets pending responses finish, refuses new connections, and closes idle ones', async () => {
    let finish = (): void => undefined;
    let arrived = 0;
    const listener = await open({
      handler: (request, response) => {
        arrived += 1;
        if (request.url === '/slow') finish = () => response.end('finished');
        else response.end('quick');
      },
      limits: { drainMs: 600_000 },
    });
    const slow = sendBytes(listener, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    const idle = sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => arrived, { timeout: 15_000 }).toBe(2);
    const closing = listener.close();
    expect(listener.close()).toBe(closing);
    expect((await idle).closed).toBe(true);
    expect((await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).text).toBe('');
    finish();
    expect((await slow).text).toContain('finished');
    await closing;
  });

  it('ends responses that do not finish within the drain time', async () => {
    const arrived = Promise.withResolvers<void>();
    const listener = await open({
      handler: (_request, response) => {
        arrived.resolve();
        response.write('x');
      },
      limits: { drainMs: 200 },
    });
    const endless = sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived.promise;
    await listener.close();
    expect((await endless).closed).toBe(true);
  });

  it('an address that is in use is named in the error', async () => {
    const first = await open();
    await expect(
      openListener({ settings: listenSettings({ port: portOf(first) }), handler: respondHello, name: 'admin' }),
    ).rejects.toThrow(`admin: 127.0.0.1:${portOf(first)} is in use by another process`);
  });

  it('A29 a handler that throws is answered with an empty 500', async () => {
    const listener = await open({
      handler: () => {
        throw new Error('CANARY');
      },
    });
    const { text } = await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 500 /);
    expect(text).not.toContain('CANARY');
  });
});
