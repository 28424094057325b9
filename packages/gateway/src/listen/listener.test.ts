import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ListenSettings } from '../snapshot.ts';
import { openListener, type Handler, type Listener } from './listener.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import type { SocketLimits } from './socket-limits.ts';

const opened: Listener[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((listener) => listener.close()));
});

const settings = (over: Partial<ListenSettings> = {}): ListenSettings => ({
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  behindTlsProxy: false,
  ...over,
});
const hello: Handler = (request, response) => {
  request.resume();
  request.on('end', () => response.end('hello'));
};
async function open(
  over: {
    handler?: Handler;
    limits?: Partial<SocketLimits>;
    settings?: Partial<ListenSettings>;
    log?: (level: string, message: string) => void;
  } = {},
): Promise<Listener> {
  const listener = await openListener({
    settings: settings(over.settings),
    handler: over.handler ?? hello,
    name: 'gateway',
    limits: { drainMs: 500, ...over.limits },
    ...(over.log ? { log: over.log } : {}),
  });
  opened.push(listener);
  return listener;
}
const portOf = (listener: Listener): number => Number(new URL(listener.url).port);

/** Sends bytes as they are and collects what comes back until the peer closes (or `ms` pass). */
function raw(listener: Listener, bytes: string, ms = 3000, later = ''): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect(portOf(listener), '127.0.0.1', () => socket.write(bytes, 'latin1'));
    const timer = setTimeout(() => {
      socket.destroy();
      resolve({ text, closed: false });
    }, ms);
    if (later !== '') setTimeout(() => socket.write(later, 'latin1'), 100);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ text, closed: true });
    });
  });
}

describe('H4 what the strict parser cannot read in one way only is refused, without an echo, and the connection ends', () => {
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
    const { text, closed } = await raw(listener, bytes);
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
  ])('every response carries the headers: %s', async (_name, status, bytes) => {
    const { text, closed } = await raw(
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

  it('header bytes are bounded: 431', async () => {
    const listener = await open();
    expect((await raw(listener, `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`)).text).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  it('garbage after a request does not get into the answer to it', async () => {
    const listener = await open({
      handler: (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write('data: 1\n\n');
      },
    });
    const { text } = await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 3000, 'GARBAGE GARBAGE\r\n\r\n');
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(text).not.toContain('400');
  });
});

describe('H8 slow and greedy peers', () => {
  it('headers that never end: 408 and closed', async () => {
    const listener = await open({ limits: { headersTimeoutMs: 300, requestTimeoutMs: 600 } });
    const { text, closed } = await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\nX-A: ');
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(closed).toBe(true);
  });

  it('a body that never ends: 408 and closed', async () => {
    const listener = await open({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 400 } });
    const { text, closed } = await raw(listener, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
    expect(text).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect(closed).toBe(true);
  });

  it('an idle connection is closed', async () => {
    const listener = await open({ limits: { keepAliveTimeoutMs: 200 } });
    const { text, closed } = await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).toContain('hello');
    expect(closed).toBe(true);
  });

  it('one address has a bounded number of connections, and gets room again', async () => {
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
    expect(await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatchObject({ text: '', closed: true });
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () => (await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).text, {
        timeout: 15_000,
      })
      .toContain('hello');
  });

  it('one connection has a bounded number of requests', async () => {
    const listener = await open({ limits: { requestsPerSocketMax: 2, keepAliveTimeoutMs: 200 } });
    const { text, closed } = await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(4));
    expect(text.match(/hello/g)).toHaveLength(2);
    expect(closed).toBe(true);
  });
});

describe('the end', () => {
  it('an answer under way finishes, new connections are refused, idle ones close', async () => {
    let finish = (): void => undefined;
    let arrived = 0;
    const listener = await open({
      handler: (request, response) => {
        arrived += 1;
        if (request.url === '/slow') finish = () => response.end('finished');
        else response.end('quick');
      },
      limits: { drainMs: 5000 },
    });
    const slow = raw(listener, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    const idle = raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => arrived, { timeout: 15_000 }).toBe(2);
    const closing = listener.close();
    expect(listener.close()).toBe(closing);
    expect((await idle).closed).toBe(true);
    expect((await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).text).toBe('');
    finish();
    expect((await slow).text).toContain('finished');
    await closing;
  });

  it('an answer that does not finish is cut off after the drain time', async () => {
    const arrived = Promise.withResolvers<void>();
    const listener = await open({
      handler: (_request, response) => {
        arrived.resolve();
        response.write('x');
      },
      limits: { drainMs: 200 },
    });
    const endless = raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived.promise;
    await listener.close();
    expect((await endless).closed).toBe(true);
  });

  it('an address that is taken is named', async () => {
    const first = await open();
    await expect(
      openListener({ settings: settings({ port: portOf(first) }), handler: hello, name: 'admin' }),
    ).rejects.toThrow(`admin: 127.0.0.1:${portOf(first)} is in use by another process`);
  });

  it('A29 a handler that throws answers 500 and says nothing', async () => {
    const listener = await open({
      handler: () => {
        throw new Error('CANARY');
      },
    });
    const { text } = await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 500 /);
    expect(text).not.toContain('CANARY');
  });
});

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  beforeAll(() => {
    for (const name of ['one', 'two']) {
      openssl(
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
      );
    }
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=client-ca',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    );
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=agent',
      '-keyout',
      'agent.key',
      '-out',
      'agent.csr',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      'agent.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-out',
      'agent.pem',
    );
  });
  const use = (name: string): void => {
    for (const kind of ['pem', 'key']) {
      cpSync(at(`${name}.${kind}`), at(`live.${kind}.new`));
      renameSync(at(`live.${kind}.new`), at(`live.${kind}`));
    }
  };
  const tls = (clientCa?: string) => ({ tls: { cert: at('live.pem'), key: at('live.key'), clientCa } });
  const get = (
    listener: Listener,
    options: RequestOptions = {},
  ): Promise<{ status: number; name: string; hsts: string; protocol: string }> =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(
        listener.url,
        { rejectUnauthorized: false, agent: false, ...options },
        (response) => {
          const socket = response.socket as import('node:tls').TLSSocket;
          const name = String(socket.getPeerCertificate().subject.CN);
          const protocol = String(socket.getProtocol());
          response.resume();
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              name,
              protocol,
              hsts: String(response.headers['strict-transport-security']),
            }),
          );
        },
      );
      request.on('error', reject);
      request.end();
    });
  const eventually = async (check: () => Promise<boolean>): Promise<boolean> => {
    for (let i = 0; i < 300; i++) {
      if (await check()) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  };

  it('speaks 1.2 and 1.3 with HSTS, and nothing older (H15)', async () => {
    use('one');
    const listener = await open({ settings: tls() });
    expect(listener.url).toMatch(/^https:/);
    expect(await get(listener)).toEqual({ status: 200, name: 'one', hsts: 'max-age=63072000', protocol: 'TLSv1.3' });
    expect((await get(listener, { maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
    const old = await new Promise<string>((resolve) => {
      const socket = tlsConnect(
        {
          port: portOf(listener),
          host: '127.0.0.1',
          rejectUnauthorized: false,
          minVersion: 'TLSv1',
          maxVersion: 'TLSv1.1',
          ciphers: 'DEFAULT@SECLEVEL=0',
        },
        () => resolve('connected'),
      );
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    // The alert says that the version is refused, not that no cipher was left for it.
    expect(old).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('plain HTTP on the TLS port gets nothing', async () => {
    use('one');
    const listener = await open({ settings: tls() });
    const { text, closed } = await raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).not.toContain('hello');
    expect(closed).toBe(true);
  });

  it('reloads certificates without a restart, and keeps the old ones when the new ones do not fit', async () => {
    use('one');
    const said: string[] = [];
    const listener = await open({
      settings: tls(),
      limits: { certificatePollMs: 50 },
      log: (level, message) => said.push(`${level} ${message}`),
    });
    expect((await get(listener)).name).toBe('one');
    use('two');
    expect(await eventually(async () => (await get(listener)).name === 'two')).toBe(true);
    expect(said).toContain('info certificates reloaded');
    cpSync(at('one.pem'), at('live.pem'));
    expect(
      await eventually(async () =>
        said.some((line) => line.startsWith('error certificates changed but cannot be used')),
      ),
    ).toBe(true);
    writeFileSync(at('live.key'), 'not a key');
    expect((await get(listener)).name).toBe('two');
    use('one');
    expect(await eventually(async () => (await get(listener)).name === 'one')).toBe(true);
  });

  it('client certificates: none and a foreign one are refused, ours is accepted', async () => {
    use('one');
    const { readFileSync } = await import('node:fs');
    const listener = await open({ settings: tls(at('ca.pem')) });
    await expect(get(listener)).rejects.toThrow();
    await expect(
      get(listener, { cert: readFileSync(at('two.pem')), key: readFileSync(at('two.key')) }),
    ).rejects.toThrow();
    expect(
      (await get(listener, { cert: readFileSync(at('agent.pem')), key: readFileSync(at('agent.key')) })).status,
    ).toBe(200);
  });

  it('a key that does not belong to the certificate stops the start', async () => {
    await expect(
      open({ settings: { tls: { cert: at('one.pem'), key: at('two.key'), clientCa: undefined } } }),
    ).rejects.toThrow();
  });

  it('without TLS there is no HSTS', async () => {
    const listener = await open();
    const headers = await new Promise<Record<string, unknown>>((resolve) =>
      httpRequest(listener.url, (response) => {
        response.resume();
        resolve(response.headers);
      }).end(),
    );
    expect(headers['strict-transport-security']).toBeUndefined();
  });
});
