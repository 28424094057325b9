/** What callers learn of the errors of servers, over both transports and in both eras. */
import type { ServerResponse } from 'node:http';
import { GuardError, type Json, type JsonObject, type Outcome } from '@sallyport/guard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerSettings } from '../../snapshot.ts';
import { fakeHttp } from '../testing/fake-http.mts';
import { legacyFake } from '../testing/fake-legacy.mts';
import {
  createHarness,
  httpTransport,
  serverSettings,
  stdioTransport,
  type CallOptions,
  type UpstreamHarness,
} from '../testing/harness.mts';

const SECRET = 'upstream-credential-1';
const fake = `${import.meta.dirname}/../testing/fake-stdio.mts`;

interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
}
let next: RpcError = { code: -32603, message: '' };
let listsFail = false;
let harness: UpstreamHarness;
const closes: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const servers: ServerSettings[] = [];
  const sites = { modern: await fakeHttp(), legacy: await legacyFake() };
  for (const [name, site] of Object.entries(sites)) {
    site.answer = ({ method, id }: { method: string; id: number }, res: ServerResponse) => {
      if (method === 'tools/call' || (method === 'tools/list' && listsFail))
        res
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ jsonrpc: '2.0', id, error: next }));
      return undefined;
    };
    closes.push(() => site.close());
    // A list is asked for anew each time.
    const transport = { ...httpTransport(site.url), headers: { Authorization: `Bearer ${SECRET}`, 'X-Key': SECRET } };
    servers.push(serverSettings(name, transport, { verifyIntervalMs: 0 }));
    servers.push(serverSettings(`${name}-hidden`, transport, { errors: 'hide' }));
  }
  servers.push(serverSettings('child', stdioTransport([fake, 'plain'], { KEY: SECRET })));
  harness = createHarness(servers);
  closes.unshift(() => harness.close());
  await harness.discover();
});
afterAll(async () => {
  for (const close of closes) await close();
});

const call = (server: string, args: JsonObject = {}, options: CallOptions = {}): Promise<Outcome> => {
  const name = server === 'child' ? 'error' : 'echo';
  return harness.run('tools/call', { kind: 'tool', server, name }, { name, arguments: args }, options);
};
const errorOf = (outcome: Outcome): GuardError => {
  if (outcome.status === 'success') throw new Error('the call succeeded');
  return outcome.error;
};
/** The error that a caller gets when the server answers with `error`. */
async function seen(server: string, error: RpcError, options: CallOptions = {}): Promise<GuardError> {
  next = error;
  return errorOf(await call(server, { ...error } as JsonObject, options));
}

const SERVERS = ['modern', 'legacy', 'child'];
const ERAS = ['modern', 'legacy'] as const;

describe.each(SERVERS)('a caller of the server %s', (server) => {
  it.each(ERAS)('reads in the era %s why the server failed, with any code of JSON-RPC', async (era) => {
    for (const code of [-32603, -32000, -32001, -32099]) {
      const error = await seen(server, { code, message: 'fetch failed', data: { at: 'internal' } }, { era });
      expect([error.code, error.message, error.detail.rpc, error.detail.data]).toEqual([
        'upstream_failed',
        'The server answered with an error: fetch failed',
        undefined,
        undefined,
      ]);
    }
  });

  it('B13 gets no data of an error, whatever its code', async () => {
    for (const code of [1234, -32602, -32601, -32000, -32002, -32042, -32021]) {
      const error = await seen(server, { code, message: 'no', data: { note: 'CANARY', elicitations: ['CANARY'] } });
      const shown = [error.message, error.detail.rpc, error.detail.data, error.detail.suggestion];
      expect(JSON.stringify(shown), String(code)).not.toContain('CANARY');
    }
  });

  it('gets the codes of applications, with their text', async () => {
    const error = await seen(server, { code: 1234, message: 'quota\u202e used\u0007 up' });
    expect([error.message, error.detail.rpc]).toEqual(['quota used up', { code: 1234 }]);
  });

  it('R6 reads neither secrets nor stack frames, markup and invisible characters, and a bounded text', async () => {
    const read = async (message: string): Promise<string> =>
      (await seen(server, { code: -32603, message })).message.replace('The server answered with an error: ', '');
    expect(await read(`401 for ${SECRET}`)).toBe('401 for [redacted]');
    expect(await read('no postgres://app:hunter2@db/x, password=hunter2, {"api_key": "k-1"}')).toBe(
      'no postgres://[redacted]@db/x, password=[redacted], {"api_key": "[redacted]"}',
    );
    // Characters that nobody sees must not keep a secret from being found.
    expect(await read(`key ${SECRET.split('').join('\u200b')}`)).toBe('key [redacted]');
    expect(
      await read('fetch failed\n    at run (/srv/app/index.js:1:2)\n  File "/srv/x.py", line 3\nretry later'),
    ).toBe('fetch failed retry later');
    expect(await read('<html><script src="https://x">1</script> 502</html>')).toBe('1  502');
    expect(await read('\u{e0041}tag\u202e\u0000 text\u2066')).toBe('tag text');
    expect((await read('x'.repeat(100_000))).length).toBe(500);
    expect(await read('\ud800')).toBe('The server behind the gateway failed.');
  });
});

it.each(['modern', 'legacy'])('errors: hide leaves the code and nothing else (%s)', async (server) => {
  for (const code of [-32603, -32000, 1234, -32602]) {
    const error = await seen(`${server}-hidden`, { code, message: 'CANARY', data: { uri: 'CANARY' } });
    expect([error.message, error.detail.rpc]).toEqual([
      'The server behind the gateway failed.',
      code === -32603 || code === -32000 ? undefined : { code },
    ]);
  }
});

it('B13 a list is asked for before anything is approved, so that its errors are not shown', async () => {
  next = { code: -32602, message: 'CANARY', data: 'CANARY' };
  listsFail = true;
  for (const server of ['modern', 'legacy']) {
    const error = errorOf(await harness.run('tools/list', { kind: 'servers', servers: [server] }, {}));
    expect(JSON.stringify([error.message, error.detail.rpc, error.detail.data])).not.toContain('CANARY');
  }
  listsFail = false;
});

it('a legacy caller gets the URLs that it must open, when the server may ask its users', async () => {
  const elicitations = [
    { mode: 'url', url: 'https://login.example/x', message: `Sign in\n${SECRET}`, elicitationId: 'e1', more: 'CANARY' },
    { mode: 'url', url: 'javascript:alert(1)', message: 'CANARY', elicitationId: 'e2' },
  ];
  const error = await seen('legacy', { code: -32042, message: 'sign in', data: { elicitations, more: 'CANARY' } });
  expect(error.detail.rpc).toEqual({
    code: -32042,
    data: {
      elicitations: [
        { mode: 'url', url: 'https://login.example/x', message: 'Sign in [redacted]', elicitationId: 'e1' },
      ],
    },
  });
});
