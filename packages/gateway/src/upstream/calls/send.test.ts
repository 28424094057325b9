/** Calls, lists and their failures, with servers on the official SDKs. */
import { GuardError } from '@sallyport/guard';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fakeHttp } from '../testing/fake-http.mts';
import { createHarness, httpTransport, serverSettings, type UpstreamHarness } from '../testing/harness.mts';
import { accept, CAPABILITIES, startSdkServers, type SdkServers } from '../testing/sdk-servers.mts';

let servers: SdkServers;
let harness: UpstreamHarness;

beforeAll(async () => {
  servers = await startSdkServers();
  harness = servers.harness;
});

afterAll(() => servers.close());

it('every request of a server goes through the guard, and the server gets its refusal', async () => {
  harness.clientRequests.length = 0;
  harness.refuseClientRequests = true;
  try {
    for (const server of ['legacy-http', 'legacy-stdio', 'modern-http']) {
      const outcome = await harness.run(
        'tools/call',
        { kind: 'tool', server, name: 'ask' },
        { name: 'ask', arguments: {} },
        { session: 's', capabilities: CAPABILITIES, onClientRequest: accept },
      );
      expect(outcome.status === 'success' ? JSON.stringify(outcome.result.value) : outcome.error.code).not.toContain(
        'Ann',
      );
    }
    expect(harness.clientRequests.map(({ method, principal }) => `${method} ${principal}`)).toEqual(
      Array(3).fill('elicitation/create ann'),
    );
  } finally {
    harness.refuseClientRequests = false;
  }
});

it('all pages of lists are read and joined; completion, prompts, resources and templates work', async () => {
  expect(await harness.listNames('resources/list', ['legacy-http'])).toEqual(['test://a', 'test://b']);
  expect(await harness.listNames('resources/templates/list', ['legacy-http', 'modern-http'])).toEqual([
    'test://item/{id}',
  ]);
  const { value } = await harness.resultOf(
    'resources/read',
    { kind: 'resource', server: 'legacy-stdio', name: 'test://item/7' },
    { uri: 'test://item/7' },
  );
  expect(value).toMatchObject({ contents: [{ text: 'read test://item/7' }] });
  const done = await harness.resultOf(
    'completion/complete',
    { kind: 'prompt', server: 'legacy-http', name: 'hello' },
    { ref: { type: 'ref/prompt', name: 'hello' }, argument: { name: 'who', value: 'w' } },
  );
  expect(done.value).toMatchObject({ completion: { values: ['w!'] } });
  expect(
    (
      await harness.resultOf(
        'prompts/get',
        { kind: 'prompt', server: 'legacy-http', name: 'hello' },
        { name: 'hello', arguments: { who: 'me' } },
      )
    ).value,
  ).toMatchObject({ messages: [{ content: { text: 'hello me' } }] });
});

it('a server that fails is left out of a joined list, unless it is the only one', async () => {
  const broken = createHarness([
    serverSettings('good', httpTransport(servers.legacyJsonUrl)),
    serverSettings('bad', httpTransport('http://127.0.0.1:9/mcp')),
  ]);
  expect(await broken.listNames('tools/list', ['good', 'bad'])).toContain('echo');
  await expect(broken.listNames('tools/list', ['bad'])).rejects.toBeInstanceOf(GuardError);
  expect(broken.upstreams.ready()['bad']).toMatch(/cannot be reached/);
  expect(broken.events).toContainEqual({ kind: 'upstream_error', server: 'bad', code: 'upstream_failed' });
  await broken.close();
});

it('`"arguments": null` is sent as no arguments', async () => {
  const params = { name: 'echo', arguments: null };
  const fake = await fakeHttp();
  const one = createHarness([serverSettings('s', httpTransport(fake.url))]);
  await one.discover();
  const target = { kind: 'tool', server: 's', name: 'echo' } as const;
  expect(await one.run('tools/call', target, params, { rawArguments: Buffer.from('null') })).toMatchObject({
    status: 'success',
  });
  expect(fake.received.at(-1)?.params).not.toHaveProperty('arguments');
  await one.close();
  await fake.close();
});
