/** B7: the calls under way of a user and of a tenant leave those of others alone. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { initialize, send, type Era, type TestResponse } from '../testing/client.mts';
import { STREAM_AFTER_MS } from './connection.ts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

const CALLS_MAX = 12;
const OF_ONE_USER = 6;
const OF_ONE_TENANT = 8;

let edge: TestEdge;
/** Calls that wait now, by user: each ends one of them. */
const waiting = new Map<string, (() => void)[]>();
beforeAll(async () => {
  edge = await openTestEdge({
    settings: { callsMax: CALLS_MAX },
    tools: {
      wait: ({ principal: { user } }) =>
        new Promise((resolve) => {
          const ends = waiting.get(user.subject) ?? [];
          waiting.set(user.subject, ends);
          ends.push(() => resolve({ value: { content: [] } }));
        }),
    },
  });
});
afterAll(() => edge.close());

const call = (token: string, name: string, era: Era): Promise<TestResponse> =>
  send({ url: edge.url, token, era, method: 'tools/call', params: { name, arguments: {} } });
const countOf = (user: string): number => waiting.get(user)?.length ?? 0;

/** Sends calls that wait until one is refused, or there are too many. @returns the calls, and the refusal. */
async function fill(token: string, user: string, era: Era) {
  const calls: Promise<TestResponse>[] = [];
  for (;;) {
    if (calls.length > CALLS_MAX) throw new Error('no call is refused');
    const before = countOf(user);
    const sent = call(token, 'wait', era);
    const refusal = await Promise.race([
      sent,
      (async () => {
        while (countOf(user) === before) await new Promise((resolve) => setImmediate(resolve));
      })(),
    ]);
    if (refusal !== undefined) return { calls, refusal };
    calls.push(sent);
  }
}

it.each<Era>(['legacy', 'modern'])('B7 a refused call leaves no timer behind (%s)', async (era) => {
  const [set, cleared] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'clearTimeout')];
  const { calls, refusal } = await fill('alice', 'alice', era);
  expect(refusal.status).toBe(429);
  for (const ends of waiting.values()) for (const end of ends.splice(0)) end();
  await Promise.all(calls);
  // The timers that would start a stream on a response that takes long: each was ended with its response.
  const timers = set.mock.results.flatMap(({ value }, at) =>
    set.mock.calls[at]?.[1] === STREAM_AFTER_MS ? [value] : [],
  );
  expect(timers).toHaveLength(calls.length);
  for (const timer of timers) expect(cleared.mock.calls.some(([handle]) => handle === timer)).toBe(true);
  vi.restoreAllMocks();
});

it.each<Era>(['legacy', 'modern'])('B7 calls under way (%s)', async (era) => {
  const alice = await fill('alice', 'alice', era);
  expect(alice.calls).toHaveLength(OF_ONE_USER);
  expect([alice.refusal.status, alice.refusal.headers['retry-after']]).toEqual([429, '1']);
  expect(alice.refusal.text).toContain('Too many calls of this user are under way.');
  // Another client id of the same user is the same user.
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  expect((await call('alice-bot', 'echo', era)).status).toBe(429);
  // Nothing is left of a refused call that would write to its response later.
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  // Others of the tenant have what is left of the tenant's share, and other tenants have theirs.
  const tenant = [alice];
  for (let at = 1; tenant.flatMap(({ calls }) => calls).length < OF_ONE_TENANT; at++)
    tenant.push(await fill(`bob.${at}`, `bob.${at}`, era));
  expect(tenant.flatMap(({ calls }) => calls)).toHaveLength(OF_ONE_TENANT);
  expect((await call('bob.9', 'echo', era)).text).toContain('Too many calls of this tenant are under way.');
  for (let at = 0; at < 20; at++) expect((await call('carol', 'echo', era)).status).toBe(200);
  // What ends a call, and what listens, is never refused for the calls that are under way.
  const session = await initialize({ url: edge.url, token: 'carol' });
  expect(session).toBeDefined();
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } };
  expect((await send({ url: edge.url, token: 'alice', body: JSON.stringify(cancelled) })).status).toBe(202);
  for (const ends of waiting.values()) for (const end of ends.splice(0)) end();
  for (const answer of await Promise.all(tenant.flatMap(({ calls }) => calls))) expect(answer.status).toBe(200);
  expect((await call('alice', 'echo', era)).status).toBe(200);
});
