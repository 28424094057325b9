/** Types of results: those that a server's revision does not have, or that the client cannot take, are failures. */
import type { Era, JsonObject } from '@sallyport/guard';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeHttp, type FakeHttp } from '../testing/fake-http.mts';
import { legacyFake, type FakeLegacy } from '../testing/fake-legacy.mts';
import { httpTransport, createHarness, serverSettings, type UpstreamHarness } from '../testing/harness.mts';

let modern: FakeHttp;
let legacy: FakeLegacy;
let harness: UpstreamHarness;

beforeEach(async () => {
  [modern, legacy] = await Promise.all([fakeHttp(), legacyFake()]);
  harness = createHarness([
    serverSettings('new', httpTransport(modern.url)),
    serverSettings('old', httpTransport(legacy.url)),
  ]);
  await harness.discover();
});

afterEach(async () => {
  await harness.close();
  await Promise.all([modern.close(), legacy.close()]);
});

const ELICIT: JsonObject = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'Your password?', requestedSchema: { type: 'object', properties: {} } },
};
const call = (server: string, era: Era) =>
  harness.run(
    'tools/call',
    { kind: 'tool', server, name: 'echo' },
    { name: 'echo', arguments: {} },
    { era, capabilities: { elicitation: {} }, session: 's', onClientRequest: async () => ({ action: 'accept' }) },
  );
const answering = (result: JsonObject): void => {
  const answer = ({ method }: { method: string }): JsonObject | undefined =>
    method === 'tools/call' ? result : undefined;
  [modern.answer, legacy.answer] = [answer, answer];
};

it.each(['legacy', 'modern'] as const)(
  'A36 a legacy server cannot send input requests to a %s client in a result, past the guard',
  async (era) => {
    for (const more of [{ inputRequests: { a: ELICIT } }, { requestState: 's' }, {}]) {
      answering({ resultType: 'input_required', ...more });
      expect(await call('old', era)).toMatchObject({ error: { code: 'upstream_failed' } });
    }
    expect(harness.clientRequests).toEqual([]);
  },
);

it.each(['legacy', 'modern'] as const)(
  'malformed input requests for a %s client are a failure of the server',
  async (era) => {
    const wrong = [
      {},
      { inputRequests: [] },
      { inputRequests: 'a' },
      { inputRequests: { a: { method: 'tools/call', params: {} } } },
      { inputRequests: { a: ELICIT, b: 1 } },
      { inputRequests: { a: { method: 'ping' } }, requestState: 's' },
    ];
    for (const more of wrong) {
      answering({ resultType: 'input_required', ...more });
      expect(await call('new', era)).toMatchObject({ error: { code: 'upstream_failed' } });
    }
    expect(harness.clientRequests).toEqual([]);
  },
);

it.each(['new', 'old'])('2026-07-28 does not have -32042: a modern client of %s does not get it', async (server) => {
  const fail = ({ method, id }: { method: string; id: number }, res: import('node:http').ServerResponse): undefined => {
    if (method === 'tools/call')
      res.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          jsonrpc: '2.0',
          id,
          error: { code: -32042, message: 'open it', data: { elicitations: [] } },
        }),
      );
  };
  [modern.answer, legacy.answer] = [fail, fail];
  const outcome = await call(server, 'modern');
  expect(outcome.status !== 'success' && [outcome.error.code, outcome.error.detail.rpc]).toEqual([
    'upstream_failed',
    undefined,
  ]);
  expect(await call(server, 'legacy')).toMatchObject({ error: { detail: { rpc: { code: -32042 } } } });
});
