/** A29: whatever breaks around a call, the gateway refuses the call with its error code and does nothing. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { openInstallationOnFullDisk } from './full-disk.ts';
import { startGatewayProcess } from './installation.ts';
import { connect, headersFor, post, type Answer, type Era } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const ERAS: readonly Era[] = ['modern', 'legacy'];

let upstream: Upstream;
beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('alpha')] });
});
afterAll(() => upstream.close());

const codeOf = ({ error, result }: Answer): unknown =>
  error?.data?.['error_code'] ?? (result?.['structuredContent'] as { error_code?: string } | undefined)?.error_code;

type Break = (response: ServerResponse) => void;
const json =
  (value: unknown): Break =>
  (response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(typeof value === 'string' ? value : JSON.stringify(value));
const BROKEN: Readonly<Record<string, Break>> = {
  'is gone': (response) => void response.destroy(),
  'never answers': () => undefined,
  'answers half': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"keys":[');
  },
  'answers garbage': json('}{\0'),
  'answers nothing': json(''),
  'answers null': json('null'),
  'answers no keys': json({ keys: [] }),
  'answers malformed keys': json({ keys: [null, 1, 'x', {}] }),
  'answers an object instead of a list of keys': json({ keys: { k1: 1 } }),
  'answers 500': (response) => void response.writeHead(500).end(),
  'answers an HTML page': (response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>'),
  'answers without end': (response) => {
    const more = setInterval(() => response.write('['.repeat(65_536)), 1);
    response.once('close', () => clearInterval(more));
  },
  redirects: (response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
};

/** An issuer whose tokens are good and whose keys or metadata cannot be fetched. */
async function brokenIssuer(act: Break, broken: '/jwks' | '/.well-known/openid-configuration') {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const server = createServer((request, response) => {
    if (request.url === broken) return act(response);
    if (request.url === '/jwks') return json({ keys: [jwk] })(response);
    if (request.url === '/.well-known/openid-configuration')
      return json({ issuer, jwks_uri: `${issuer}/jwks` })(response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = (audience: string) =>
    new SignJWT({ sub: 'alice', client_id: 'test-agent', jti: 'j', tenant_id: 'acme', roles: ['admin'] })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(privateKey);
  return {
    issuer,
    token,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const call = async (gateway: { readonly url: string }, token: string, era: Era): Promise<Answer> => {
  const params = {
    name: 'alpha',
    arguments: {},
    ...(era === 'modern' && {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    }),
  };
  return post(
    `${gateway.url}/mcp/one`,
    headersFor(era, token, { method: 'tools/call', params }),
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  );
};

describe('A29 the gateway refuses every token of an issuer whose keys it cannot fetch', () => {
  const audience = 'http://sallyport.test/mcp';
  const rows = Object.entries(BROKEN).flatMap(([name, act]) =>
    (['/jwks', '/.well-known/openid-configuration'] as const).map((path) => ({ name, act, path })),
  );
  let issuers: Awaited<ReturnType<typeof brokenIssuer>>[];
  /** Trusts all of the broken issuers. */
  let gateway: TestGateway;
  beforeAll(async () => {
    issuers = await Promise.all(rows.map(({ act, path }) => brokenIssuer(act, path)));
    gateway = await openGateway({
      servers: { one: { url: upstream.url } },
      settings: { identity: { issuers: issuers.map(({ issuer }) => ({ issuer, audience, tenants: ['acme'] })) } },
    });
  });
  afterAll(async () => {
    await gateway?.close();
    await Promise.all(issuers.map((issuer) => issuer.close()));
  });

  // At once, because some of them never answer.
  it.concurrent.each(rows.map(({ path, name }, row) => [path, name, row] as const))(
    '%s %s',
    async (_path, _name, row) => {
      const issuer = issuers[row] as (typeof issuers)[number];
      const before = upstream.operations().length;
      for (const era of ERAS) expect((await call(gateway, await issuer.token(audience), era)).status).toBe(401);
      expect(upstream.operations().length).toBe(before);
    },
  );

  it('the gateway accepts a token of the same issuer when its keys can be fetched', async () => {
    const issuer = await brokenIssuer(json({}), '/.well-known/openid-configuration');
    const gateway = await openGateway({
      servers: { one: { url: upstream.url } },
      settings: {
        identity: {
          issuers: [{ issuer: issuer.issuer, audience, jwksUri: `${issuer.issuer}/jwks`, tenants: ['acme'] }],
        },
      },
    });
    for (const era of ERAS)
      expect((await call(gateway, await issuer.token(audience), era)).result).toMatchObject({
        content: [{ text: 'done {}' }],
      });
    await gateway.close();
    await issuer.close();
  });
});

describe.each(ERAS)('A29 %s: no action without a record', (era) => {
  it('a log that cannot be opened refuses calls of its tenant, and of no other', async () => {
    const gateway = await openGateway({ servers: { one: { url: upstream.url } } });
    try {
      const log = join(gateway.folder, 'data', 'audit', 'globex');
      writeFileSync(log, 'a file where a folder should be');
      const before = upstream.operations().length;
      const refused = await call(gateway, await gateway.token('carol'), era);
      expect([refused.status, codeOf(refused)]).toEqual([503, 'AUDIT_UNAVAILABLE']);
      expect(refused.headers['retry-after']).toBeDefined();
      expect(upstream.operations().length).toBe(before);
      expect((await call(gateway, await gateway.token('alice'), era)).result).toMatchObject({
        content: [{ text: 'done {}' }],
      });
      rmSync(log);
      expect((await call(gateway, await gateway.token('carol'), era)).result).toMatchObject({
        content: [{ text: 'done {}' }],
      });
    } finally {
      await gateway.close();
    }
  });

  it('on a full disk every executed call has an intent, and a call without one is not executed', async () => {
    const installation = await openInstallationOnFullDisk(
      { servers: { one: { url: upstream.url } }, settings: { log: { level: 'error' } } },
      256,
    );
    try {
      const client = await connect(`${installation.url}/mcp/one`, await installation.token('alice'), era);
      const operationsBefore = upstream.operations().length;
      const counts: Record<string, number> = {};
      for (let at = 0; at < 600 && (counts['AUDIT_UNAVAILABLE'] ?? 0) < 30; at++) {
        const code = String(codeOf(await client.send('tools/call', { name: 'alpha', arguments: {} })) ?? 'done');
        counts[code] = (counts[code] ?? 0) + 1;
      }
      expect(counts['AUDIT_UNAVAILABLE']).toBeGreaterThanOrEqual(30);
      expect(
        Object.keys(counts).filter((code) => !['done', 'AUDIT_UNAVAILABLE', 'RESULT_WITHHELD'].includes(code)),
      ).toEqual([]);
      expect(upstream.operations().length - operationsBefore).toBe(
        (counts['done'] ?? 0) + (counts['RESULT_WITHHELD'] ?? 0),
      );
      // The next start finds half a record, where the disk was full, and a log that is whole without it.
      await installation.kill();
      await (await startGatewayProcess(installation)).stop();
      const verified = await installation.command(['audit', 'verify', '--json']);
      expect([verified.code, verified.stderr], verified.stdout).toEqual([0, '']);
    } finally {
      await installation.close();
    }
  });
});

const FAILURES: Readonly<
  Record<string, readonly [code: RegExp, act: (response: ServerResponse, id: unknown) => void]>
> = {
  'never answers': [/^TIMEOUT$/, () => undefined],
  'answers half': [
    /^TIMEOUT$/,
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"jsonrpc":"2.0","CANARY":');
    },
  ],
  'hangs up': [/^UPSTREAM_FAILED$/, (response) => void response.destroy()],
  ...Object.fromEntries(
    Object.entries({
      nothing: '',
      garbage: '}{CANARY',
      null: 'null',
      'a batch': '[{"CANARY":1}]',
      'another id': '{"jsonrpc":"2.0","id":"CANARY","result":{"content":[]}}',
      'no jsonrpc': '{"id":ID,"result":{"content":[{"type":"text","text":"CANARY"}]}}',
      'a result that is a string': '{"jsonrpc":"2.0","id":ID,"result":"CANARY"}',
      'no content': '{"jsonrpc":"2.0","id":ID,"result":{"CANARY":1}}',
      'a prototype': '{"jsonrpc":"2.0","id":ID,"result":{"content":[],"__proto__":{"CANARY":1}}}',
      depth: `{"jsonrpc":"2.0","id":ID,"result":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
    }).map(([name, text]) => [
      `answers with ${name}`,
      [
        /^(UPSTREAM_FAILED|OUTPUT_BLOCKED|TIMEOUT)$/,
        (response: ServerResponse, id: unknown) => json(text.replaceAll('ID', JSON.stringify(id)))(response),
      ] as const,
    ]),
  ),
  'answers 500 with internals': [
    /^UPSTREAM_FAILED$/,
    (response) => void response.writeHead(500, { 'content-type': 'text/html' }).end('Error: CANARY at /srv/app.js'),
  ],
  redirects: [
    /^UPSTREAM_FAILED$/,
    (response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/CANARY' }).end(),
  ],
  'answers compressed': [
    /^UPSTREAM_FAILED$/,
    (response) =>
      void response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('CANARY'),
  ],
  'answers without end': [
    /^(UPSTREAM_FAILED|OUTPUT_BLOCKED)$/,
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = setInterval(() => response.write('CANARY'.repeat(20_000)), 1);
      response.once('close', () => clearInterval(more));
    },
  ],
};

describe('A29 a call to a server that fails', () => {
  let mode = '';
  let broken: Upstream;
  let gateway: TestGateway;
  beforeAll(async () => {
    broken = await openUpstream({
      tools: [tool('alpha')],
      respond: ({ method, body }, response) => {
        if (method !== 'tools/call') return undefined;
        FAILURES[mode]?.[1](response, (JSON.parse(body) as { id: unknown }).id);
        return { silent: true };
      },
    });
    gateway = await openGateway({ servers: { one: { url: broken.url, timeout: '700ms', maxResult: '1Mi' } } });
  });
  afterAll(async () => {
    await gateway?.close();
    await broken?.close();
  });

  describe.each(ERAS)('%s client', (era) => {
    it.each(Object.entries(FAILURES))('%s', async (name, [code]) => {
      mode = name;
      const client = await connect(`${gateway.url}/mcp/one`, await gateway.token('alice'), era);
      const answer = await client.send('tools/call', { name: 'alpha', arguments: {} });
      expect(answer.result, JSON.stringify(answer.messages)).toMatchObject({ isError: true });
      expect(codeOf(answer)).toMatch(code);
      expect(JSON.stringify(answer.messages)).not.toMatch(/CANARY|srv/);
    });
  });
});
