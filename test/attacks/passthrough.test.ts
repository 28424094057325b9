/**
 * A11: credentials and headers of a caller stay with the gateway. The servers keep every header and byte that they
 * receive.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { openStdioClient } from './stdio-client.ts';
import { openInstallation } from './installation.ts';
import { connect, headersFor, MODERN_META, type Era } from './mcp-client.ts';
import { sendHttp } from './http-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const OFFER = { tools: [tool('alpha')], prompts: [{ name: 'greet' }], resources: [{ uri: 'mem://x', name: 'x' }] };
const UPSTREAMS = ['old', 'new'] as const;

let upstreams: Record<(typeof UPSTREAMS)[number], Upstream>;
let gateway: TestGateway;
beforeAll(async () => {
  upstreams = {
    old: await openUpstream({ ...OFFER, era: 'legacy' }),
    new: await openUpstream({ ...OFFER, era: 'modern' }),
  };
  gateway = await openGateway({
    servers: {
      old: { url: upstreams.old.url, headers: { 'X-Configured': 'ours' } },
      new: { url: upstreams.new.url, headers: { 'X-Configured': 'ours' } },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all(Object.values(upstreams).map((one) => one.close()));
});

/** Every value contains CANARY, so that the test finds it under any name. */
const HEADERS: Readonly<Record<string, string>> = {
  cookie: 'session=CANARY; __Host-id=CANARY',
  'proxy-authorization': 'Basic CANARY',
  'proxy-connection': 'CANARY',
  'proxy-authenticate': 'CANARY',
  'x-forwarded-for': '10.0.0.1, CANARY',
  'x-forwarded-host': 'CANARY.example',
  'x-forwarded-proto': 'CANARY',
  'x-forwarded-port': 'CANARY',
  'x-forwarded-prefix': '/CANARY',
  'x-forwarded-user': 'CANARY',
  'x-forwarded-client-cert': 'Hash=CANARY',
  'x-forwarded-access-token': 'CANARY',
  forwarded: 'for=CANARY',
  'x-real-ip': 'CANARY',
  'x-original-url': '/CANARY',
  'x-rewrite-url': '/CANARY',
  'x-http-method-override': 'CANARY',
  via: '1.1 CANARY',
  'x-api-key': 'CANARY',
  'api-key': 'CANARY',
  'x-auth-token': 'CANARY',
  'x-access-token': 'CANARY',
  'x-tenant': 'CANARY',
  'x-tenant-id': 'CANARY',
  'x-user': 'CANARY',
  'x-user-id': 'CANARY',
  'x-grafana-url': 'http://CANARY',
  'x-amz-security-token': 'CANARY',
  'x-goog-iap-jwt-assertion': 'CANARY',
  'x-ms-client-principal': 'CANARY',
  'cf-connecting-ip': 'CANARY',
  'true-client-ip': 'CANARY',
  dpop: 'CANARY',
  'x-csrf-token': 'CANARY',
  'x-configured': 'CANARY',
  'user-agent': 'CANARY',
  referer: 'http://CANARY/',
  'accept-language': 'CANARY',
  'if-none-match': '"CANARY"',
  'last-event-id': 'CANARY',
  baggage: 'k=CANARY',
  tracestate: 'k=CANARY',
  pragma: 'CANARY',
  from: 'CANARY@example.com',
};
const NEVER = new RegExp(
  '^(authorization|cookie|set-cookie|forwarded|via|x-real-ip|dpop|proxy-|x-forwarded-|x-original-|x-rewrite-|' +
    'x-tenant|x-user|x-api-key|baggage|tracestate|referer|origin|last-event-id)',
  'i',
);

const REQUESTS: readonly (readonly [method: string, params: Record<string, unknown>])[] = [
  ['tools/list', {}],
  ['tools/call', { name: 'alpha', arguments: { a: 'plain' } }],
  ['prompts/get', { name: 'greet' }],
  ['resources/read', { uri: 'mem://x' }],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'a', value: '' } }],
  ['tools/call', { name: 'none', arguments: {} }],
];

function expectNothingPassedOn(upstream: Upstream, secrets: readonly string[]): void {
  expect(upstream.received.length).toBeGreaterThan(0);
  for (const { rawHeaders, headers, body } of upstream.received) {
    const names = rawHeaders.filter((_, at) => at % 2 === 0);
    expect(names.filter((name) => NEVER.test(name))).toEqual([]);
    expect(headers['x-configured']).toBe('ours');
    for (const secret of ['CANARY', ...secrets]) expect(`${rawHeaders.join('\n')}\n${body}`).not.toContain(secret);
  }
}

/** A token and each part of it: the signature alone is enough for someone who knows the rest. */
const partsOf = (token: string): string[] => [
  token,
  ...token.split(/[._]/).filter((part) => part.length >= 16),
  Buffer.from(token).toString('base64url').slice(0, 80),
];

describe.each(['modern', 'legacy'] as const)('A11 %s client', (era: Era) => {
  it.each(UPSTREAMS)('none of its headers reaches the %s server', async (server) => {
    const token = await gateway.token('alice');
    const url = `${gateway.url}/mcp/${server}`;
    const client = await connect(url, token, era);
    for (const [method, params] of REQUESTS) {
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method,
        params: era === 'modern' ? { ...params, _meta: MODERN_META } : params,
      });
      const { status } = await sendHttp(url, {
        method: 'POST',
        path: `/mcp/${server}`,
        body,
        headers: {
          ...headersFor(era, token, { method, params }, client.session),
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...HEADERS,
        },
      });
      expect([method, status]).toEqual([method, 200]);
    }
    expectNothingPassedOn(upstreams[server], [
      ...partsOf(token),
      ...(client.session === undefined ? [] : [client.session]),
    ]);
    await client.close();
  });

  it('hop-by-hop names in Connection remove and add no header', async () => {
    const token = await gateway.token('alice');
    const client = await connect(`${gateway.url}/mcp/old`, token, era);
    for (const connection of [
      'close, authorization',
      'close, x-configured',
      'close, mcp-protocol-version, host',
      'close, content-type',
    ]) {
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'alpha', arguments: {}, ...(era === 'modern' && { _meta: MODERN_META }) },
      });
      await sendHttp(gateway.url, {
        method: 'POST',
        path: '/mcp/old',
        body,
        headers: {
          ...headersFor(era, token, { method: 'tools/call', params: { name: 'alpha' } }, client.session),
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          connection,
        },
      });
    }
    expectNothingPassedOn(upstreams.old, partsOf(token));
  });

  it('an API key reaches no server, also over stdio, and no child process inherits it', async () => {
    const dump =
      'require("node:fs").writeFileSync(process.argv[1], JSON.stringify(process.env)); ' +
      'process.argv.splice(1, 1); import(process.argv[1])';
    const upstream = await openUpstream(OFFER);
    const installation = await openInstallation(
      {
        servers: {
          one: { url: upstream.url, headers: { 'X-Configured': 'ours' } },
          child: {
            command: [
              process.execPath,
              '-e',
              dump,
              'env.json',
              fileURLToPath(new URL('./slow-echo-server.ts', import.meta.url)),
            ],
            cwd: '.',
          },
        },
      },
      { AWS_SECRET_ACCESS_KEY: 'CANARY', NODE_OPTIONS: '' },
    );
    const made = JSON.parse(
      (await installation.command(['keys', 'create', '--tenant', 'acme', '--name', 'robot', '--json'])).stdout,
    ) as { key: string };
    const stdioClient = await openStdioClient(installation, made.key, { era });
    try {
      expect((await stdioClient.send('tools/call', { name: 'one__alpha', arguments: {} })).error).toBeUndefined();
      expect(
        (await stdioClient.send('tools/call', { name: 'child__echo', arguments: { canary: 'x' } })).error,
      ).toBeUndefined();
      expectNothingPassedOn(upstream, partsOf(made.key));
      // A child has the mark by which the gateway finds it, and no other variable of the gateway.
      const inherited = readFileSync(join(installation.folder, 'env.json'), 'utf8').replace('"SALLYPORT_CHILD"', '');
      for (const secret of ['CANARY', 'SALLYPORT', ...partsOf(made.key)]) expect(inherited).not.toContain(secret);
    } finally {
      await stdioClient.close();
      await installation.close();
      await upstream.close();
    }
  });
});
