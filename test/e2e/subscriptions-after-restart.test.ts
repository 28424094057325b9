/**
 * What a restart does to legacy sessions: one that had subscribed to a resource is ended, because nobody knows any more
 * what it waits for; a stream that comes back hears its servers again; all others go on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { legacyHttp, type LegacyHttp } from '../../packages/gateway/src/upstream/testing/legacy-server.mts';
import { openGateway, type TestGateway } from './gateway.ts';

let server: LegacyHttp;
let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  server = await legacyHttp();
  gateway = await openGateway({ servers: { notes: { url: server.url } } });
  token = await gateway.token('alice');
});
afterAll(async () => {
  await gateway.close();
  await server.close();
});

const headersOf = (session?: string): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
  ...(session !== undefined && { 'mcp-session-id': session }),
});

const post = (method: string, params: object, session?: string): Promise<Response> =>
  fetch(`${gateway.url}/mcp/notes`, {
    method: 'POST',
    headers: headersOf(session),
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });

async function openSession(): Promise<string> {
  const clientInfo = { name: 'test', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const answer = await post('initialize', params);
  await answer.text();
  return answer.headers.get('mcp-session-id') ?? '';
}

const statusOf = async (answer: Promise<Response>): Promise<number> => {
  const { status, text } = await answer.then(async (response) => ({
    status: response.status,
    text: await response.text(),
  }));
  expect(text).not.toContain('"error":{"code":-32603');
  return status;
};

/** A GET stream; `text` is what it has sent so far. */
async function listen(session: string, lastEventId?: string): Promise<{ text: () => string; close(): void }> {
  const abort = new AbortController();
  const answer = await fetch(`${gateway.url}/mcp/notes`, {
    headers: { ...headersOf(session), ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    signal: abort.signal,
  });
  let text = '';
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  void (async () => {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) text += part.value;
  })().catch(() => undefined);
  return { text: () => text, close: () => abort.abort() };
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(10);
};

it('a session that held a subscription is ended by a restart (404), and others go on', async () => {
  const [subscribed, refused, plain] = [await openSession(), await openSession(), await openSession()];
  expect(await statusOf(post('resources/subscribe', { uri: 'test://a' }, subscribed))).toBe(200);
  await statusOf(post('resources/subscribe', { uri: 'test://unknown' }, refused));
  expect(await statusOf(post('ping', {}, subscribed))).toBe(200);
  await gateway.restart();
  expect(await statusOf(post('ping', {}, subscribed))).toBe(404);
  expect((await fetch(`${gateway.url}/mcp/notes`, { headers: headersOf(subscribed) })).status).toBe(404);
  expect(await statusOf(post('ping', {}, refused))).toBe(200);
  expect(await statusOf(post('ping', {}, plain))).toBe(200);
  await gateway.restart();
  expect(await statusOf(post('ping', {}, subscribed)), 'for good').toBe(404);
});

it('a stream that comes back after a restart hears what its server says, before the client calls', async () => {
  const session = await openSession();
  const before = await listen(session);
  await statusOf(post('tools/call', { name: 'echo', arguments: { text: 'hi' } }, session));
  await until(() => before.text().includes('id: '));
  const [, eventId] = /id: (\S+)/.exec(before.text()) ?? [];
  before.close();
  await gateway.restart();
  const opened = server.sessions.size;
  const after = await listen(session, eventId);
  await until(() => server.sessions.size > opened);
  // The session of the server that belongs to this client is the newest one.
  const [transport] = [...server.sessions.values()].slice(-1);
  await until(() => server.seen.some(({ method }) => method === 'GET'));
  await expect
    .poll(async () => {
      await transport?.send({
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'error', data: 'news' },
      });
      return after.text();
    })
    .toContain('news');
  after.close();
});
