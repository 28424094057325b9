/**
 * A24, D1: one tenant loads the gateway in every way it can while another tenant works, and the other sees no error.
 * How fast the other is served is not asserted here.
 *
 * Which eras a row takes: bodies, schemas and results are parsed, validated and limited by the same code in both eras,
 * so those rows run in one. Streams, sessions, notifications and credentials are handled by each era, so those run in
 * both. How many streams one caller gets is asserted in `streams.test.ts`; here only that the other tenant is served.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, MODERN_META, type Era, type RawClient } from './mcp-client.ts';
import { sendHttp } from './http-client.ts';
import { openUpstream, tool, type Received, type Upstream } from './upstream.ts';

const ERAS: readonly Era[] = ['modern', 'legacy'];
const LIMIT = 256 * 1024;

/** Tools of a hostile server: patterns that hang, schemas that explode, results that are too large. */
const HOSTILE_TOOLS = [
  tool('redos', {
    a: { type: 'string', pattern: '^(a+)+$' },
    b: { type: 'string', pattern: '^(.*a){25}$' },
    c: { type: 'string', pattern: '^([a-z]|[a-z0-9])*!$' },
  }),
  tool('unique', { a: { type: 'array', uniqueItems: true } }),
  tool('deep', {
    a: Array.from({ length: 30 }).reduce<object>((inner) => ({ type: 'object', properties: { a: inner } }), {}),
  }),
  {
    name: 'cycle',
    inputSchema: { type: 'object', $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
  },
  {
    name: 'explode',
    inputSchema: {
      type: 'object',
      $defs: {
        ...Object.fromEntries(
          Array.from({ length: 30 }, (_, at) => [
            `d${at}`,
            { allOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] },
          ]),
        ),
        d30: {},
      },
      allOf: [{ $ref: '#/$defs/d0' }],
    },
  },
  tool('large'),
  tool('chatty'),
];

let quiet: Upstream;
let hostile: Upstream;
let endless: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  quiet = await openUpstream({ tools: [tool('alpha')] });
  hostile = await openUpstream({
    tools: HOSTILE_TOOLS,
    respond: ({ method, params }: Received, response) => {
      if (method !== 'tools/call') return undefined;
      if (params['name'] === 'large') return { content: [{ type: 'text', text: 'x'.repeat(3 * LIMIT) }] };
      if (params['name'] !== 'chatty') return undefined;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const logged = { level: 'info', data: 'x'.repeat(500) };
      const message = { jsonrpc: '2.0', method: 'notifications/message', params: logged };
      const line = `data: ${JSON.stringify(message)}\n\n`;
      const chatter = setInterval(() => {
        for (let at = 0; at < 50; at++) response.write(line);
      }, 2);
      response.once('close', () => clearInterval(chatter));
      return { silent: true };
    },
  });
  let page = 0;
  endless = await openUpstream({
    respond: ({ method }) => (method === 'tools/list' ? { tools: [], nextCursor: String((page += 1)) } : undefined),
  });
  gateway = await openGateway({
    servers: {
      quiet: { url: quiet.url },
      hostile: { url: hostile.url, timeout: '2s', maxResult: LIMIT },
      endless: { url: endless.url, timeout: '5s' },
    },
    policies:
      'permit (principal in Tenant::"globex", action, resource in Server::"quiet"); ' +
      'permit (principal in Tenant::"acme", action, resource);',
    // A server that keeps sending keeps its call alive, until the time limit of the request ends it.
    gateway: { maxBody: LIMIT, maxStreams: 8, requestTimeout: '4s' },
    // The loud tenant stays within its own limits.
    limits: { default: '100000/min per user' },
  });
  // A tool that is not served makes no load.
  const alice = await connect(`${gateway.url}/mcp/hostile`, await gateway.token('alice'), 'modern');
  expect((await alice.send('tools/list', {})).result?.['tools']).toHaveLength(HOSTILE_TOOLS.length);
}, 60_000);
afterAll(async () => {
  await gateway?.close();
  await Promise.all([quiet, hostile, endless].map((one) => one?.close()));
});

/** The tenant that loads the gateway. */
interface LoudTenant {
  readonly era: Era;
  readonly token: string;
  readonly client: RawClient;
  readonly sockets: Socket[];
  readonly aborts: AbortController[];
}

const post = ({ era, token, client }: LoudTenant, body: string): Promise<unknown> =>
  sendHttp(gateway.url, {
    method: 'POST',
    path: '/mcp/hostile',
    body,
    headers: {
      ...headersFor(era, token, { method: 'tools/call', params: { name: 'redos' } }, client.session),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
  });
const callOf = (name: string, args: string, era: Era): string => {
  const meta = era === 'modern' ? `,"_meta":${JSON.stringify(MODERN_META)}` : '';
  const params = `{"name":"${name}","arguments":${args}${meta}}`;
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
};
const times = (n: number, act: (at: number) => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: n }, (_, at) => act(at).catch(() => undefined)));

const LOADS: Readonly<Record<string, (loud: LoudTenant) => Promise<unknown>>> = {
  'bodies at the limit': (loud) =>
    times(30, () => post(loud, callOf('redos', `{"a":"${'a'.repeat(LIMIT - 400)}"}`, loud.era))),
  'bodies beyond it': (loud) => times(30, () => post(loud, 'x'.repeat(LIMIT * 4))),
  depth: (loud) =>
    times(30, () => post(loud, callOf('deep', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, loud.era))),
  keys: (loud) =>
    times(20, () =>
      post(loud, callOf('deep', `{${Array.from({ length: 15_000 }, (_, at) => `"k${at}":0`).join(',')}}`, loud.era)),
    ),
  'patterns that hang': (loud) =>
    times(20, () =>
      loud.client.send('tools/call', {
        name: 'redos',
        arguments: { a: `${'a'.repeat(50_000)}!`, b: 'a'.repeat(5_000), c: 'a'.repeat(50_000) },
      }),
    ),
  'lists that must be unique': (loud) =>
    times(10, () =>
      loud.client.send('tools/call', {
        name: 'unique',
        arguments: { a: Array.from({ length: 8_000 }, (_, at) => ({ at })) },
      }),
    ),
  'schemas that explode': (loud) =>
    times(10, async (at) =>
      loud.client.send('tools/call', { name: at % 2 === 0 ? 'explode' : 'cycle', arguments: { a: 'x' } }),
    ),
  'results that are too large': (loud) =>
    times(20, () => loud.client.send('tools/call', { name: 'large', arguments: {} })),
  'notifications without end': (loud) =>
    times(5, () => loud.client.send('tools/call', { name: 'chatty', arguments: {} })),
  'pages without end': async ({ era, token }) =>
    times(3, async () => (await connect(`${gateway.url}/mcp/endless`, token, era)).send('tools/list', {})),
  'hoarded streams that are never read': ({ era, token, client, aborts }) =>
    times(40, async () => {
      const abort = new AbortController();
      aborts.push(abort);
      const params = { notifications: { toolsListChanged: true }, _meta: MODERN_META };
      await request(`${gateway.url}/mcp/hostile`, {
        method: era === 'modern' ? 'POST' : 'GET',
        signal: abort.signal,
        ...(era === 'modern' && {
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params }),
        }),
        headers: {
          ...headersFor(era, token, { method: 'subscriptions/listen', params }, client.session),
          ...(era === 'modern' && { 'content-type': 'application/json' }),
          accept: 'application/json, text/event-stream',
        },
      });
    }),
  'headers and bodies that never end': ({ token, sockets }) =>
    times(60, async (at) => {
      const socket = connectSocket(Number(new URL(gateway.url).port), '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      const credentials = `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
      const head = `POST /mcp/hostile HTTP/1.1\r\nHost: ${new URL(gateway.url).host}\r\n${credentials}`;
      socket.write(at % 2 === 0 ? `${head}X-A: ` : `${head}Content-Length: ${LIMIT}\r\n\r\n{`);
    }),
  'handshakes without end': ({ era, token }) =>
    times(60, async () => connect(`${gateway.url}/mcp/hostile`, token, era)),
  'calls of tools that do not exist': (loud) =>
    times(200, (at) => loud.client.send('tools/call', { name: `none-${at}`, arguments: {} })),
  'malformed credentials': ({ era }) =>
    times(200, async (at) => connect(`${gateway.url}/mcp/quiet`, `eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.${at}.x`, era)),
};

/** After these the other tenant works more slowly: a load may last for seconds. */
const FAST_CALLS = 50;
const PAUSE_MS = 25;

/** The other tenant lists and calls until the load is over, at least ten times. */
async function work(client: RawClient, until: Promise<unknown>): Promise<{ calls: number; errors: string[] }> {
  let isOver = false;
  void until.finally(() => {
    isOver = true;
  });
  const errors: string[] = [];
  let calls = 0;
  while (!isOver || calls < 10) {
    const [listed, called] = [
      await client.send('tools/list', {}),
      await client.send('tools/call', { name: 'alpha', arguments: { a: `b-${calls}` } }),
    ];
    if ((listed.result?.['tools'] as unknown[] | undefined)?.length !== 1) errors.push(JSON.stringify(listed.messages));
    if (!JSON.stringify(called.result).includes(`b-${calls}`))
      errors.push(`${called.status} ${JSON.stringify(called.messages)}`);
    calls += 1;
    if (calls > FAST_CALLS) await Promise.race([until.catch(() => undefined), sleep(PAUSE_MS)]);
  }
  return { calls, errors };
}

/** Rows that each era handles by itself. */
const IN_BOTH_ERAS = /stream|notification|handshake|credential|pages|headers|exist/;

describe.each(ERAS)('A24 D1 %s client: the other tenant sees no error during', (era) => {
  const rows = Object.entries(LOADS).filter(([name]) => era === 'modern' || IN_BOTH_ERAS.test(name));
  it.each(rows)('%s', async (_name, make) => {
    const token = await gateway.token('alice');
    const loud: LoudTenant = {
      era,
      token,
      client: await connect(`${gateway.url}/mcp/hostile`, token, era),
      sockets: [],
      aborts: [],
    };
    const carol = await connect(`${gateway.url}/mcp/quiet`, await gateway.token('carol'), era);
    try {
      expect((await work(carol, make(loud))).errors).toEqual([]);
      // When the load is over, the other is still served.
      for (const abort of loud.aborts) abort.abort();
      for (const socket of loud.sockets) socket.destroy();
      expect((await work(carol, Promise.resolve())).errors).toEqual([]);
    } finally {
      for (const abort of loud.aborts) abort.abort();
      for (const socket of loud.sockets) socket.destroy();
    }
  });
});

it.each(ERAS)('A24 %s: slow patterns of a server are still checked, each by itself', async (era) => {
  const client = await connect(`${gateway.url}/mcp/hostile`, await gateway.token('alice'), era);
  const before = hostile.operations().length;
  for (const args of [{ a: 'aaa!' }, { b: 'bbb' }, { c: 'zz?' }, { a: 'a', c: 'z' }]) {
    const { result, messages } = await client.send('tools/call', { name: 'redos', arguments: args });
    expect(result, JSON.stringify(messages)).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'INVALID_ARGUMENT' },
    });
  }
  expect(hostile.operations().length).toBe(before);
  expect(
    (await client.send('tools/call', { name: 'redos', arguments: { a: 'aaa', b: 'a'.repeat(25), c: 'zz!' } })).result?.[
      'isError'
    ],
  ).toBeFalsy();
});

it('A24 a tenant that used up its budget used nothing of another tenant', async () => {
  const own = await openGateway({
    servers: { quiet: { url: quiet.url } },
    limits: { default: ['20/min per tenant', '1000/min per user'] },
    gateway: { refusalLimit: '30/min' },
  });
  try {
    for (const era of ERAS) {
      const alice = await connect(`${own.url}/mcp/quiet`, await own.token('alice'), era).catch(() => undefined);
      // On a slow machine the budget grows meanwhile.
      const isUsedUp = async (): Promise<boolean> => {
        const answer = await alice?.send('tools/call', { name: 'alpha', arguments: { a: 'x' } });
        return answer === undefined || JSON.stringify(answer.messages).includes('RATE_LIMITED');
      };
      let calls = 1;
      while (!(await isUsedUp()) && calls < 500) calls += 1;
      expect(calls).toBeLessThan(500);
    }
    const carol = await connect(`${own.url}/mcp/quiet`, await own.token('carol'), 'modern');
    for (let at = 0; at < 10; at++)
      expect((await carol.send('tools/call', { name: 'alpha', arguments: { a: 'x' } })).result).toMatchObject({
        content: [{ text: 'done {"a":"x"}' }],
      });
  } finally {
    await own.close();
  }
});
