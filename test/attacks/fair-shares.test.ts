/**
 * B7, B8: one tenant takes all that it gets of what tenants share, at the very servers that the other one uses. The
 * other one's calls are all answered meanwhile, and the excess is refused. `npm run neighbour` measures how quickly.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, MODERN_META, post, type Era } from './mcp-client.ts';
import { openUpstream, textResult, tool, type Received, type Upstream } from './upstream.ts';

const ERAS: readonly Era[] = ['modern', 'legacy'];
const CLIENTS = 8;
const MAX_CALLS = 40;

let gateway: TestGateway;
const servers: Record<Era, Upstream | undefined> = { modern: undefined, legacy: undefined };
/** Calls that the servers hold: each ends one of them. */
const held: (() => void)[] = [];

const prompts = [{ name: 'p', arguments: [{ name: 'a' }] }];
const resources = [{ uri: 'file:///a', name: 'a' }];
const respond = ({ method, params }: Received) => {
  if (method !== 'tools/call' || params['name'] !== 'hold') return undefined;
  return new Promise<Record<string, unknown>>((resolve) => held.push(() => resolve(textResult('at last'))));
};
beforeAll(async () => {
  for (const era of ERAS)
    servers[era] = await openUpstream({ era, tools: [tool('alpha'), tool('hold')], prompts, resources, respond });
  gateway = await openGateway({
    servers: Object.fromEntries(ERAS.map((era) => [era, { url: servers[era]?.url ?? '' }])),
    gateway: { maxStreams: 4, maxCalls: MAX_CALLS },
  });
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await Promise.all(ERAS.map((era) => servers[era]?.close()));
});

/** Tokens of alice for several of her clients. */
const tokensOfAlice = (): Promise<readonly string[]> =>
  Promise.all(Array.from({ length: CLIENTS }, (_, at) => gateway.token('alice', { client_id: `client-${at}` })));

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await nextTurn();
};

/** Carol lists and calls at both servers, again and again. */
async function neighbourIsServed(times = 5): Promise<void> {
  for (const server of ERAS)
    for (const era of ERAS) {
      const carol = await connect(`${gateway.url}/mcp/${server}`, await gateway.token('carol'), era);
      for (let at = 0; at < times; at++) {
        const listed = await carol.send('tools/list', {});
        expect(listed.result?.['tools'], JSON.stringify(listed.messages)).toHaveLength(2);
        const called = await carol.send('tools/call', { name: 'alpha', arguments: { a: `b-${at}` } });
        expect(JSON.stringify(called.messages)).toContain(`b-${at}`);
      }
      await carol.close();
    }
}

describe.each(ERAS)('B7 while alice, with eight clients, takes all that she gets of a %s server:', (server) => {
  it('sessions, sockets and calls under way', async () => {
    const tokens = await tokensOfAlice();
    const clients = await Promise.all(
      Array.from({ length: 24 }, (_, at) =>
        connect(`${gateway.url}/mcp/${server}`, tokens[at % CLIENTS] ?? '', at % 2 === 0 ? 'legacy' : 'modern'),
      ),
    );
    let refused = 0;
    const answers = Array.from({ length: 2 * MAX_CALLS }, (_, at) =>
      clients[at % clients.length]?.send('tools/call', { name: 'hold', arguments: {} }, at).then((answer) => {
        if (JSON.stringify(answer.messages).includes('RATE_LIMITED')) refused += 1;
        return answer;
      }),
    );
    await until(() => refused + held.length === 2 * MAX_CALLS);
    expect(held.length).toBeGreaterThan(0);
    expect(held.length).toBeLessThanOrEqual(MAX_CALLS / 2);
    await neighbourIsServed();
    for (const end of held.splice(0)) end();
    await Promise.all(answers);
    const alice = await connect(`${gateway.url}/mcp/${server}`, tokens[0] ?? '', 'modern');
    await until(() => held.length === 0);
    expect((await alice.send('tools/call', { name: 'alpha', arguments: { a: 'x' } })).status).toBe(200);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('streams', async () => {
    const tokens = await tokensOfAlice();
    const aborts: AbortController[] = [];
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        const abort = new AbortController();
        aborts.push(abort);
        const params = { notifications: { toolsListChanged: true }, _meta: MODERN_META };
        const token = tokens[at % CLIENTS] ?? '';
        const { statusCode, body } = await request(`${gateway.url}/mcp/${server}`, {
          method: 'POST',
          signal: abort.signal,
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params }),
          headers: {
            ...headersFor('modern', token, { method: 'subscriptions/listen', params }),
            'content-type': 'application/json',
            accept: 'text/event-stream',
          },
        });
        body.on('error', () => undefined);
        if (statusCode === 200) return statusCode;
        await body.dump();
        return statusCode;
      }),
    );
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(4);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(36);
    await neighbourIsServed(2);
    for (const abort of aborts) abort.abort();
  });
});

describe('B8 400 calls at 5 a minute: no more than five reach a server, whatever the method and the client', () => {
  const METHODS: readonly (readonly [method: string, params: Record<string, unknown>, era: Era])[] = [
    ['tools/call', { name: 'alpha', arguments: { a: 'x' } }, 'modern'],
    ['tools/list', {}, 'modern'],
    ['prompts/list', {}, 'legacy'],
    ['resources/templates/list', {}, 'modern'],
    ['tasks/get', { taskId: 'legacy.none' }, 'modern'],
    ['tasks/list', {}, 'legacy'],
    ['tasks/cancel', { taskId: 'legacy.none' }, 'legacy'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: '' } }, 'modern'],
    ['logging/setLevel', { level: 'debug' }, 'legacy'],
    ['resources/subscribe', { uri: 'file:///a' }, 'legacy'],
    [
      'initialize',
      { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
      'legacy',
    ],
    ['server/discover', {}, 'modern'],
    ['subscriptions/listen', { notifications: { toolsListChanged: true } }, 'modern'],
  ];
  /** In large: `CALLS=400 npx vitest run test/attacks/fair-shares.test.ts`. */
  const CALLS = Number(process.env['CALLS'] ?? 40);
  let limited: TestGateway;
  beforeAll(async () => {
    const { url = '' } = servers.legacy ?? {};
    limited = await openGateway({
      servers: { legacy: { url } },
      gateway: { userLimit: '5/min', maxStreams: 10_000 },
      limits: { default: '100000/min per user per tool' },
    });
  }, 120_000);
  afterAll(() => limited?.close());

  it.each(METHODS)('%s', async (method, params, era) => {
    const users = `user of ${method}`;
    const tokens = await Promise.all(
      Array.from({ length: CLIENTS }, (_, at) =>
        limited.token(users, { tenant_id: 'acme', roles: ['admin'], client_id: `client-${at}` }),
      ),
    );
    const all = era === 'modern' ? { ...params, _meta: MODERN_META } : params;
    const aborts: AbortController[] = [];
    const statuses: (string | undefined)[] = [];
    const send = async (at: number): Promise<void> => {
      const abort = new AbortController();
      aborts.push(abort);
      const headers = headersFor(era, tokens[at % CLIENTS] ?? '', { method, params: all });
      const body = JSON.stringify({ jsonrpc: '2.0', id: at, method, params: all });
      await post(`${limited.url}/mcp/legacy`, headers, body, abort.signal).then(
        ({ messages, status }) =>
          // A task that nobody was given is not found, and reaches no server either.
          statuses.push(/RATE_LIMITED|NOT_FOUND/.test(JSON.stringify(messages)) ? 'stopped' : `${status}`),
        () => statuses.push('aborted'),
      );
    };
    const startedMs = performance.now();
    const sent = Array.from({ length: CALLS }, (_, at) => send(at));
    const stoppedCount = (): number => statuses.filter((status) => status === 'stopped').length;
    const passed = (): number => 5 + Math.floor((performance.now() - startedMs) / 12_000);
    // What listens goes on until it is ended here.
    await until(() => stoppedCount() >= CALLS - passed() || statuses.length === CALLS);
    for (const abort of aborts) abort.abort();
    await Promise.all(sent);
    expect(stoppedCount()).toBeGreaterThanOrEqual(CALLS - passed());
  });
});
