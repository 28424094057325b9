/** A modern client answers the requests of a legacy server with its retries. */
import { type JsonObject } from '@sallyport/guard';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type UpstreamHarness } from '../../testing/harness.mts';
import { CAPABILITIES, jsonOf, startSdkServers, textOf, type SdkServers } from '../../testing/sdk-servers.mts';

let servers: SdkServers;
let harness: UpstreamHarness;

beforeAll(async () => {
  servers = await startSdkServers();
  harness = servers.harness;
});

afterAll(() => servers.close());

it.each(['legacy-http', 'legacy-stdio'])('%s: a client gets several requests at once', async (server) => {
  const first = (
    await harness.resultOf(
      'tools/call',
      { kind: 'tool', server, name: 'ask_two' },
      { name: 'ask_two', arguments: {} },
      { era: 'modern', capabilities: CAPABILITIES },
    )
  ).value;
  const requests = first['inputRequests'] as Record<string, { params: { message: string } }>;
  expect(
    Object.values(requests)
      .map(({ params }) => params.message)
      .sort(),
  ).toEqual(['one', 'two']);
  const inputResponses = Object.fromEntries(
    Object.entries(requests).map(([key, { params }]) => [key, { action: 'accept', content: { name: params.message } }]),
  );
  const { value } = await harness.resultOf(
    'tools/call',
    { kind: 'tool', server, name: 'ask_two' },
    { name: 'ask_two', arguments: {}, requestState: first['requestState'] as string, inputResponses },
    { era: 'modern', capabilities: CAPABILITIES },
  );
  expect(jsonOf(value)).toEqual([
    { action: 'accept', content: { name: 'one' } },
    { action: 'accept', content: { name: 'two' } },
  ]);
  expect(harness.upstreams.stats().parkedCalls).toBe(0);
});

it('a request that was not answered is made again', async () => {
  const modernClient = { era: 'modern', capabilities: CAPABILITIES } as const;
  const first = (
    await harness.resultOf(
      'tools/call',
      { kind: 'tool', server: 'legacy-stdio', name: 'ask_two' },
      { name: 'ask_two', arguments: {} },
      modernClient,
    )
  ).value;
  const [one, two] = Object.keys(first['inputRequests'] as JsonObject) as [string, string];
  const second = (
    await harness.resultOf(
      'tools/call',
      { kind: 'tool', server: 'legacy-stdio', name: 'ask_two' },
      {
        name: 'ask_two',
        arguments: {},
        requestState: first['requestState'] as string,
        inputResponses: { [one]: { action: 'decline' } },
      },
      modernClient,
    )
  ).value;
  expect(Object.keys(second['inputRequests'] as JsonObject)).toEqual([two]);
  const { value } = await harness.resultOf(
    'tools/call',
    { kind: 'tool', server: 'legacy-stdio', name: 'ask_two' },
    {
      name: 'ask_two',
      arguments: {},
      requestState: second['requestState'] as string,
      inputResponses: { [two]: { action: 'decline' } },
    },
    modernClient,
  );
  expect(jsonOf(value)).toEqual([{ action: 'decline' }, { action: 'decline' }]);
});

it('S11 A18 a request state that is altered, replayed or of another call is invalid and resumes nothing', async () => {
  const modernClient = { era: 'modern', capabilities: CAPABILITIES } as const;
  const target = { kind: 'tool', server: 'legacy-http', name: 'ask' } as const;
  const first = (await harness.resultOf('tools/call', target, { name: 'ask', arguments: { text: 'x' } }, modernClient))
    .value;
  const requestState = first['requestState'] as string;
  const inputResponses = {
    [Object.keys(first['inputRequests'] as JsonObject)[0] as string]: { action: 'accept', content: { name: 'Ann' } },
  };
  const attempts: [string, typeof target | { kind: 'tool'; server: string; name: string }, JsonObject, object][] = [
    [
      'other principal',
      target,
      { name: 'ask', arguments: { text: 'x' }, requestState, inputResponses },
      { user: 'bob' },
    ],
    [
      'other tool',
      { kind: 'tool', server: 'legacy-http', name: 'echo' },
      { name: 'echo', arguments: { text: 'x' }, requestState, inputResponses },
      {},
    ],
    [
      'other server',
      { kind: 'tool', server: 'legacy-json', name: 'ask' },
      { name: 'ask', arguments: { text: 'x' }, requestState, inputResponses },
      {},
    ],
    ['other arguments', target, { name: 'ask', arguments: { text: 'y' }, requestState, inputResponses }, {}],
    ['no state', target, { name: 'ask', arguments: { text: 'x' }, inputResponses }, {}],
    ...Array.from({ length: 8 }, (_, at): [string, typeof target, JsonObject, object] => {
      const bytes = Buffer.from(requestState, 'base64url');
      const index = Math.floor((at / 8) * bytes.length);
      bytes[index] = (bytes[index] as number) ^ (1 << at);
      return [
        `bit ${at}`,
        target,
        { name: 'ask', arguments: { text: 'x' }, requestState: bytes.toString('base64url'), inputResponses },
        {},
      ];
    }),
  ];
  for (const [what, where, params, more] of attempts) {
    const outcome = await harness.run('tools/call', where, params, { ...modernClient, ...more });
    expect(outcome, what).toMatchObject({ status: 'error', error: { code: 'invalid_params' } });
  }
  expect(harness.upstreams.stats().parkedCalls).toBe(1);
  const { value } = await harness.resultOf(
    'tools/call',
    target,
    { name: 'ask', arguments: { text: 'x' }, requestState, inputResponses },
    modernClient,
  );
  expect(textOf(value)).toContain('Ann');
  expect(
    await harness.run(
      'tools/call',
      target,
      { name: 'ask', arguments: { text: 'x' }, requestState, inputResponses },
      modernClient,
    ),
  ).toMatchObject({ error: { code: 'invalid_params' } });
});
