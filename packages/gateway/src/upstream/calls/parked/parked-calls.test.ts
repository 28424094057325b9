/** Parked calls: how long they stay open, how many there may be, and who may resume them. */
import type { JsonObject, Digest } from '@sallyport/guard';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  httpTransport,
  memoryPins,
  createHarness,
  serverSettings,
  waitUntil,
  type UpstreamHarness,
} from '../../testing/harness.mts';
import { legacyHttp, type LegacyHttp } from '../../testing/legacy-server.mts';
import { PARKED_MS } from './parked-calls.ts';

let server: LegacyHttp;
let harness: UpstreamHarness;
let now = 1_000_000;

beforeEach(async () => {
  server = await legacyHttp();
  harness = createHarness([serverSettings('s', httpTransport(server.url))], memoryPins(), { now: () => now });
  await harness.discover();
});

afterEach(async () => {
  vi.useRealTimers();
  await harness.close();
  await server.close();
});

const modern = { era: 'modern', capabilities: { elicitation: {}, sampling: {} } } as const;
const target = { kind: 'tool', server: 's', name: 'ask' } as const;
const start = async (): Promise<JsonObject> =>
  (await harness.resultOf('tools/call', target, { name: 'ask', arguments: {} }, modern)).value;
const retry = (value: JsonObject, more: JsonObject = {}, options: object = {}) =>
  harness.run(
    'tools/call',
    target,
    {
      name: 'ask',
      arguments: {},
      requestState: value['requestState'] as string,
      inputResponses: Object.fromEntries(
        Object.keys(value['inputRequests'] as JsonObject).map((key) => [key, { action: 'decline' }]),
      ),
      ...more,
    },
    { ...modern, ...options },
  );

it('S11 an expired state is invalid', async () => {
  const value = await start();
  now += PARKED_MS + 1;
  expect(await retry(value)).toMatchObject({ error: { code: 'invalid_params' } });
});

it('after two minutes the call is cancelled at the server and its session is free', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  const value = await start();
  expect(harness.upstreams.stats().parkedCalls).toBe(1);
  const before = server.seen.length;
  await vi.advanceTimersByTimeAsync(PARKED_MS + 1);
  expect(harness.upstreams.stats().parkedCalls).toBe(0);
  vi.useRealTimers();
  await waitUntil(() => server.seen.length > before);
  expect(await retry(value)).toMatchObject({ error: { code: 'invalid_params' } });
});

it('of two retries at the same time, one resumes the call and the other is refused', async () => {
  const value = await start();
  const outcomes = await Promise.all([retry(value), retry(value)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['error', 'success']);
});

it('a response that is not an object is refused, and the call stays parked', async () => {
  const value = await start();
  const [key] = Object.keys(value['inputRequests'] as JsonObject) as [string];
  expect(await retry(value, { inputResponses: { [key]: 'yes' } })).toMatchObject({ error: { code: 'invalid_params' } });
  expect(await retry(value)).toMatchObject({ status: 'success' });
});

it('a caller that goes away during its retry cancels the call', async () => {
  const slow = (
    await harness.resultOf(
      'tools/call',
      { kind: 'tool', server: 's', name: 'ask' },
      { name: 'ask', arguments: {} },
      modern,
    )
  ).value;
  const abort = new AbortController();
  abort.abort();
  expect(await retry(slow, { inputResponses: {} }, { signal: abort.signal })).toMatchObject({
    error: { code: 'cancelled' },
  });
  expect(harness.upstreams.stats().parkedCalls).toBe(0);
});

it('B7 one user may have 32 parked calls; another user is not affected', async () => {
  await Promise.all(Array.from({ length: 32 }, start));
  expect(await harness.run('tools/call', target, { name: 'ask', arguments: {} }, modern)).toMatchObject({
    error: { code: 'rate_limited' },
  });
  expect(
    await harness.run('tools/call', target, { name: 'ask', arguments: {} }, { ...modern, user: 'bob' }),
  ).toMatchObject({
    status: 'success',
  });
});

it('S10 a request of a tool that got another pin meanwhile is not answered', async () => {
  const value = await start();
  const pin = (await harness.pins.pins()).find(({ kind, name }) => kind === 'tool' && name === 'ask');
  if (pin === undefined) throw new Error('no pin');
  await harness.pins.approve({ ...pin, digest: `sha256:${'0'.repeat(64)}` as Digest });
  await waitUntil(() => harness.upstreams.catalog.find(target)?.digest !== pin.digest);
  expect(await retry(value)).toMatchObject({ error: { code: 'quarantined' } });
  await harness.pins.approve(pin);
  await waitUntil(() => harness.upstreams.catalog.find(target)?.digest === pin.digest);
  expect(await retry(value)).toMatchObject({ status: 'success' });
});

it('S10 a request of a tool that was then seen to differ from its pin is not answered', async () => {
  const value = await start();
  const pin = (await harness.pins.pins()).find(({ kind, name }) => kind === 'tool' && name === 'ask');
  if (pin === undefined) throw new Error('no pin');
  await harness.pins.approve({ ...pin, digest: `sha256:${'0'.repeat(64)}` as Digest });
  // Another principal sees a definition that differs from the pin.
  await waitUntil(async () => {
    const outcome = await harness.run('tools/call', target, { name: 'ask', arguments: {} }, { ...modern, user: 'bob' });
    const isSeen = harness.events.some(({ kind }) => kind === 'drift');
    if (isSeen) expect(outcome).toMatchObject({ error: { code: 'quarantined' } });
    return isSeen;
  });
  expect(await retry(value)).toMatchObject({ error: { code: 'quarantined' } });
  await harness.pins.approve(pin);
  await expect
    .poll(() => harness.run('tools/call', target, { name: 'ask', arguments: {} }, { ...modern, user: 'bob' }), {
      timeout: 15_000,
    })
    .toMatchObject({
      status: 'success',
    });
  expect(await retry(value)).toMatchObject({ status: 'success' });
});
