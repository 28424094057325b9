/** `sallyport check` and the running gateway agree on what loopback is: plain HTTP is allowed there, and only there. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createKeySource } from '@sallyport/server/jwks/keys';
import { loadConfigText } from '../config.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

/** Starts an issuer on one address; its metadata and its keys are on the same origin. */
async function startIssuer(host: string): Promise<string> {
  server = createServer((request, response) => {
    const body = request.url === '/keys' ? { keys: [] } : { issuer: origin, jwks_uri: `${origin}/keys` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://${host}:${port}`;
  return origin;
}

it.each(['127.0.0.1', '127.0.0.2', '127.255.255.254'])(
  'an issuer on http://%s passes the check and is reached',
  async (host) => {
    const issuer = await startIssuer(host);
    const text = `identity: { issuers: [{ issuer: "${issuer}", audience: x }] }`;
    const loaded = loadConfigText(text, 'sallyport.yaml', { environment: {}, folder: '.' });
    if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
    const clock = { now: () => Date.now() };
    const keys = createKeySource({ issuers: () => loaded.snapshot.identity.issuers, clock, log: () => undefined });
    expect(await keys.ready()).toEqual({ [issuer]: undefined });
  },
);

it.each(['127.0.0.1', '127.0.0.2', '[::1]', 'localhost'])('%s can be listened on without TLS', (host) => {
  const loaded = loadConfigText(`gateway: { listen: "${host}:8700" }`, 'sallyport.yaml', {
    environment: {},
    folder: '.',
  });
  expect('errors' in loaded ? loaded.errors : []).toEqual([]);
});
