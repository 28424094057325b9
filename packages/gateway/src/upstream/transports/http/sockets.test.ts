/** The connections to one server over HTTP. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ServerSettings } from '../../../snapshot.ts';
import { openSockets } from './sockets.ts';

const settingsOf = (url: string): ServerSettings =>
  ({ transport: { kind: 'http', url, headers: {} }, timeoutMs: 10_000 }) as unknown as ServerSettings;

describe('the connections to a server', () => {
  it('B7 are at most 512 for calls', async () => {
    let open = 0;
    const { promise: full, resolve } = Promise.withResolvers<void>();
    const server = createServer().on('request', () => {
      open += 1;
      if (open >= 512) resolve();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const sockets = openSockets(settingsOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`));
    const requests = Array.from({ length: 560 }, () =>
      sockets.requests.request({ method: 'GET', path: '/', headersTimeout: 0 }).catch(() => undefined),
    );
    await full;
    expect(sockets.requests.stats).toMatchObject({ connected: 512, queued: 48 });
    await sockets.close();
    await Promise.all(requests);
    server.closeAllConnections();
    server.close();
  });

  it('B5 read at most 32 KiB of headers', async () => {
    const server = createServer((_request, response) => response.setHeader('x', 'x'.repeat(64 * 1024)).end());
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const sockets = openSockets(settingsOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`));
    await expect(sockets.requests.request({ method: 'GET', path: '/' })).rejects.toThrow(/overflow/i);
    await sockets.close();
    server.closeAllConnections();
    server.close();
  });
});
