/** Input requests of modern servers, and the errors of legacy servers that become input requests. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type UpstreamHarness } from '../../testing/harness.mts';
import {
  accept,
  callAsModernClient,
  CAPABILITIES,
  jsonOf,
  startSdkServers,
  textOf,
  type SdkServers,
} from '../../testing/sdk-servers.mts';

let servers: SdkServers;
let harness: UpstreamHarness;

beforeAll(async () => {
  servers = await startSdkServers();
  harness = servers.harness;
});

afterAll(() => servers.close());

it('a modern client gets -32042 as an input request, and its retry is a new call', async () => {
  const modernClient = { era: 'modern', capabilities: CAPABILITIES } as const;
  const { value } = await harness.resultOf(
    'tools/call',
    { kind: 'tool', server: 'legacy-http', name: 'url_needed' },
    { name: 'url_needed', arguments: {} },
    modernClient,
  );
  expect(value).toMatchObject({
    resultType: 'input_required',
    inputRequests: {
      url1: { method: 'elicitation/create', params: { mode: 'url', url: 'https://login.example/x' } },
    },
  });
  const again = await harness.resultOf(
    'tools/call',
    { kind: 'tool', server: 'legacy-http', name: 'url_needed' },
    {
      name: 'url_needed',
      arguments: {},
      requestState: value['requestState'] as string,
      inputResponses: { url1: { action: 'accept' } },
    },
    modernClient,
  );
  expect(again.value['resultType']).toBe('input_required');
  expect(
    await harness.run(
      'tools/call',
      { kind: 'tool', server: 'legacy-http', name: 'url_needed' },
      { name: 'url_needed', arguments: {} },
      { session: 's' },
    ),
  ).toMatchObject({ error: { code: 'upstream_failed', detail: { rpc: { code: -32042 } } } });
});

it('a missing resource is -32602 for a modern client and -32002 for a legacy one', async () => {
  const target = { kind: 'resource', server: 'legacy-http', name: 'test://item/missing' } as const;
  expect(await harness.run('resources/read', target, { uri: 'test://item/missing' }, { era: 'modern' })).toMatchObject({
    error: { detail: { rpc: { code: -32602 } } },
  });
  expect(await harness.run('resources/read', target, { uri: 'test://item/missing' }, { session: 's' })).toMatchObject({
    error: { detail: { rpc: { code: -32002 } } },
  });
});

describe('modern client, modern server', () => {
  it('seals the state of the server and opens it on the retry', async () => {
    const first = (
      await harness.resultOf(
        'tools/call',
        { kind: 'tool', server: 'modern-http', name: 'ask' },
        { name: 'ask', arguments: {} },
        { era: 'modern', capabilities: CAPABILITIES },
      )
    ).value;
    expect(first['requestState']).not.toContain('upstream-state');
    const { result } = await callAsModernClient(harness, 'modern-http', 'ask');
    expect(jsonOf(result)).toMatchObject({ state: 'upstream-state' });
    expect(textOf((await callAsModernClient(harness, 'modern-http', 'stateful')).result)).toBe('state only-state');
  });

  it('S11 a request state of another principal or tool does not open', async () => {
    const first = (
      await harness.resultOf(
        'tools/call',
        { kind: 'tool', server: 'modern-http', name: 'ask' },
        { name: 'ask', arguments: {} },
        { era: 'modern', capabilities: CAPABILITIES },
      )
    ).value;
    const retry = {
      requestState: first['requestState'] as string,
      inputResponses: { who: { action: 'accept' } },
      arguments: {},
    };
    for (const [name, who] of [
      ['ask', 'bob'],
      ['stateful', 'ann'],
    ] as const) {
      expect(
        await harness.run(
          'tools/call',
          { kind: 'tool', server: 'modern-http', name },
          { name, ...retry },
          { era: 'modern', user: who, capabilities: CAPABILITIES },
        ),
      ).toMatchObject({ error: { code: 'invalid_params' } });
    }
  });

  it('mirrors names and parameters in headers', async () => {
    servers.modern.seen.length = 0;
    await harness.callTool('modern-http', 'regional', { text: 'Zürich ' }, { era: 'modern' });
    expect(servers.modern.seen.at(-1)?.headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'regional',
      'mcp-param-region': `=?base64?${Buffer.from('Zürich ').toString('base64')}?=`,
      'accept-encoding': 'identity',
    });
  });
});

describe('legacy client, modern server', () => {
  it('a server that asks for input again and again is stopped', async () => {
    const outcome = await harness.run(
      'tools/call',
      { kind: 'tool', server: 'modern-http', name: 'ask_forever' },
      { name: 'ask_forever', arguments: {} },
      { session: 's', capabilities: CAPABILITIES, onClientRequest: accept },
    );
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'upstream_failed' } });
  });

  it('a client without a session cannot receive requests', async () => {
    expect(
      await harness.run(
        'tools/call',
        { kind: 'tool', server: 'modern-http', name: 'ask' },
        { name: 'ask', arguments: {} },
        { capabilities: CAPABILITIES },
      ),
    ).toMatchObject({ error: { code: 'missing_client_capability' } });
  });
});
