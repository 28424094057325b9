/** A15: ids that name no server, in the path and inside a message, are not found and reach no server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { openStdioClient } from './stdio-client.ts';
import { openInstallation } from './installation.ts';
import { connect, headersFor, type RawClient } from './mcp-client.ts';
import { sendHttp } from './http-client.ts';
import { openUpstream, type Upstream } from './upstream.ts';
import { bodyOf, ERAS, OFFER, paramsOf, POLICIES } from './route-messages.ts';

let one: Upstream;
let two: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  [one, two] = [await openUpstream(OFFER), await openUpstream(OFFER)];
  gateway = await openGateway({ servers: { one: { url: one.url }, two: { url: two.url } }, policies: POLICIES });
});
afterAll(async () => {
  await gateway?.close();
  await one.close();
  await two.close();
});

let before: number;
const arrived = (): number => one.received.length + two.received.length;
beforeEach(() => {
  before = arrived();
});

const ODD_PATHS = [
  '/mcp/',
  '/mcp/..',
  '/mcp/.',
  '/mcp/%2e%2e',
  '/mcp/%2e%2e/one',
  '/mcp/one/',
  '/mcp/one/..',
  '/mcp/one/../two',
  '/mcp//one',
  '//mcp/one',
  '/mcp/ONE',
  '/MCP/one',
  '/mcp/one%20',
  '/mcp/o%6ee',
  '/mcp/one%00',
  '/mcp/one;',
  '/mcp/one;x=1',
  '/mcp/one,two',
  '/mcp/*',
  '/mcp/all',
  '/mcp/null',
  '/mcp/undefined',
  '/mcp/__proto__',
  '/mcp/constructor',
  '/mcp/toString',
  '/mcp/[one]',
  '/mcp/["one"]',
  '/mcp/one?server=two',
  '/mcp?server=one',
  '/mcp/0',
  `/mcp/${'a'.repeat(33)}`,
  '/mcp/one-',
  '/mcp/\u00f6ne'.replace('\u00f6', '%C3%B6'),
];

describe.each(ERAS)('A15 %s: a path that names no server reaches no server', (era) => {
  it.each(ODD_PATHS)('%s', async (path) => {
    const token = await gateway.token('alice');
    const good: RawClient = await connect(`${gateway.url}/mcp/one`, token, era);
    before = arrived();
    for (const method of ['tools/list', 'tools/call', 'resources/list']) {
      const params = paramsOf(method, '');
      const { status, text } = await sendHttp(gateway.url, {
        method: 'POST',
        path,
        headers: {
          ...headersFor(era, token, { method, params }, good.session),
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: bodyOf(era, method, params),
      });
      // A name that could be one and is not answers as a server that is hidden would: with an empty list, or with not
      // found.
      if (status === 200) expect(text).toMatch(/NOT_FOUND|"(tools|resources)":\[\]/);
      else expect([400, 403, 404]).toContain(status);
      expect(text).not.toContain('CANARY');
    }
    expect(arrived()).toBe(before);
  });
});

const ODD_IDS: readonly unknown[] = [
  '',
  '..',
  '%2e%2e',
  'ONE',
  'One',
  'one ',
  ' one',
  'one\0',
  'o\u0131e',
  '__proto__',
  'constructor',
  'toString',
  '*',
  'null',
  'one,two',
  '../one',
  'one/../one',
  'three',
  'two',
  '\u043ene',
  'one\u200b',
];
const NOT_TEXT: readonly unknown[] = [null, 7, true, ['one__alpha'], { toString: 'one__alpha' }, [['one__alpha']]];

type Ask = (
  method: string,
  params: Record<string, unknown>,
) => Promise<{
  readonly error?: { readonly code: number } | undefined;
  readonly result?: Record<string, unknown> | undefined;
}>;

async function tryIds(send: Ask): Promise<void> {
  const forms = (id: unknown): [string, Record<string, unknown>][] => {
    const named = typeof id === 'string' ? `${id}__alpha` : id;
    const uri = typeof id === 'string' ? `${id}+mem://x` : id;
    return [
      ['tools/call', { name: named, arguments: {} }],
      ['prompts/get', { name: typeof id === 'string' ? `${id}__greet` : id }],
      ['resources/read', { uri }],
      [
        'completion/complete',
        {
          ref: { type: 'ref/prompt', name: typeof id === 'string' ? `${id}__greet` : id },
          argument: { name: 'a', value: '' },
        },
      ],
      ['completion/complete', { ref: id, argument: { name: 'a', value: '' } }],
      ['tasks/get', { taskId: typeof id === 'string' ? `${id}.x` : id }],
    ];
  };
  for (const id of [...ODD_IDS, ...NOT_TEXT])
    for (const [method, params] of forms(id)) {
      const { error, result } = await send(method, params);
      expect(result, `${method} ${JSON.stringify(params)}`).toBeUndefined();
      expect([-32602, -32601, -32600, -32002, -32700, -32020], `${method} ${JSON.stringify(params)}`).toContain(
        error?.code,
      );
    }
}

describe.each(ERAS)('A15 %s: ids inside a message', (era) => {
  it('that are unknown, of another tenant or of another type reach no server', async () => {
    const client = await connect(`${gateway.url}/mcp`, await gateway.token('alice'), era);
    const acts = one.operations().length + two.operations().length;
    await tryIds((method, params) => client.send(method, params));
    expect(one.operations().length + two.operations().length).toBe(acts);
  });

  it('reach no server over stdio either', async () => {
    const installation = await openInstallation({
      servers: { one: { url: one.url }, two: { url: two.url } },
      policies: POLICIES,
    });
    const stdioClient = await openStdioClient(installation, await installation.token('alice'), { era });
    try {
      const acts = one.operations().length + two.operations().length;
      await tryIds((method, params) => stdioClient.send(method, params));
      expect(one.operations().length + two.operations().length).toBe(acts);
      expect((await stdioClient.send('tools/call', { name: 'one__alpha', arguments: {} })).error).toBeUndefined();
      expect((await installation.run(['stdio', '--server', '..'], { env: { SALLYPORT_TOKEN: 'x' } })).code).toBe(1);
      expect((await installation.run(['stdio', '--server', ''], { env: { SALLYPORT_TOKEN: 'x' } })).code).toBe(1);
    } finally {
      await stdioClient.close();
      await installation.close();
    }
  });
});
