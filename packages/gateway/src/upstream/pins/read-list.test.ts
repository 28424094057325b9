/** J14: lists that do not end. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeHttp, type FakeHttp } from '../testing/fake-http.mts';
import { httpTransport, createHarness, serverSettings, type UpstreamHarness } from '../testing/harness.mts';

let fake: FakeHttp;
let harness: UpstreamHarness;

beforeEach(async () => {
  fake = await fakeHttp();
  harness = createHarness([serverSettings('s', httpTransport(fake.url), { verifyIntervalMs: 0 })]);
});

afterEach(async () => {
  await harness.close();
  await fake.close();
});

describe('J14 lists that do not end', () => {
  it.each([
    ['the same cursor', 3, () => 'again'],
    [
      'ever new cursors',
      250,
      (() => {
        let at = 0;
        return () => `c${at++}`;
      })(),
    ],
    ['a huge cursor', 2, () => 'x'.repeat(10_000)],
  ])('J14 %s', async (_what, most, next) => {
    fake.answer = ({ method }) =>
      method === 'tools/list' ? { resultType: 'complete', tools: [], nextCursor: next() } : undefined;
    await expect(harness.listNames('tools/list', ['s'])).rejects.toMatchObject({ code: 'upstream_failed' });
    expect(fake.received.filter(({ method }) => method === 'tools/list').length).toBeLessThan(most);
  });
});
