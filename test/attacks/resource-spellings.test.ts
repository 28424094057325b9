/** B12: a `forbid` on a resource holds for every other spelling of its URI; none reaches the server. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../packages/gateway/src/adapters/sqlite/store.ts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, type RawClient } from './mcp-client.ts';
import { openUpstream, type Upstream } from './upstream.ts';
import { otherSpellings } from './uri-spellings.ts';

const FILE = 'file:///srv/secret.txt';
const NOTE = 'note://vault.example/a-b/secret.txt';
/** One resource is listed and forbidden by its name; the other only matches a template and is forbidden by its URI. */
const POLICIES = `permit (principal, action, resource);
  forbid (principal, action, resource == Resource::"one/${FILE}");
  forbid (principal, action, resource) when { context.args has uri && context.args.uri == "${NOTE}" };`;

let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await openUpstream({
    resources: [
      { uri: FILE, name: 'secret' },
      { uri: 'file:///srv/%6fpen.txt', name: 'misspelled' },
      { uri: 'file:///srv/caf%C3%A9.txt', name: 'encoded' },
    ],
    templates: [
      { uriTemplate: 'file:///{+path}', name: 'files' },
      { uriTemplate: 'note://vault.example/{+path}', name: 'notes' },
      { uriTemplate: 'note://vault.example/{folder}/{name}', name: 'note' },
      { uriTemplate: 'NOTE://Vault.example/{+path}', name: 'misspelled' },
    ],
    respond: ({ method }) => (method === 'resources/read' ? { contents: [] } : undefined),
  });
  gateway = await openGateway({ servers: { one: { url: upstream.url } }, policies: POLICIES });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const read = async (client: RawClient, uri: string, method = 'resources/read'): Promise<boolean> =>
  (await client.send(method, { uri })).error === undefined;
const reached = (): readonly unknown[] => upstream.operations().map(({ params }) => params['uri']);

describe.each([
  ['modern', '/mcp/one', ''],
  ['legacy', '/mcp', 'one+'],
] as const)('B12 %s on %s', (era, path, prefix) => {
  it.each([
    [FILE, 'listed'],
    [NOTE, 'not listed'],
  ])('%s (%s) is read by nobody under any spelling', async (uri, listed) => {
    const client = await connect(`${gateway.url}${path}`, await gateway.token('alice'), era);
    const { same, lookAlikes } = otherSpellings(uri);
    expect(same.length).toBeGreaterThan(200);
    const spellings = listed === 'listed' ? [...same, ...lookAlikes] : same;
    const before = reached().length;
    // A header cannot hold all of them, so that a modern client cannot send those.
    const answers = await Promise.all([uri, ...spellings].map((one) => read(client, prefix + one).catch(() => false)));
    expect(reached().slice(before)).toEqual([]);
    expect(answers.filter((isRead) => isRead)).toEqual([]);
  });

  it('what is in normal form and not forbidden is read', async () => {
    const client = await connect(`${gateway.url}${path}`, await gateway.token('alice'), era);
    for (const uri of [
      'file:///srv/open.txt',
      'file:///srv/caf%C3%A9.txt',
      'file:///srv/Secret-plan.txt',
      'note://vault.example/a-b/open%20letter.txt',
      'note://vault.example/a-b/c/secret.txt',
    ])
      expect(await read(client, prefix + uri), uri).toBe(true);
  });
});

it('B12 nobody subscribes to another spelling', async () => {
  const client = await connect(`${gateway.url}/mcp/one`, await gateway.token('alice'), 'legacy');
  const before = reached().length;
  for (const uri of otherSpellings(FILE).same.filter((_uri, at) => at % 10 === 0))
    expect(await read(client, uri, 'resources/subscribe'), uri).toBe(false);
  expect(reached().slice(before)).toEqual([]);
});

it('B12 the refusal says what is wrong, and what a server misspells is not listed', async () => {
  const client = await connect(`${gateway.url}/mcp/one`, await gateway.token('alice'), 'modern');
  const { error } = await client.send('resources/read', { uri: 'file:///srv/%6fpen.txt' });
  expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('normal form of RFC 3986') as string });
  expect(JSON.stringify(error)).not.toContain('pen.txt');
  const { result } = await client.send('resources/list', {});
  expect((result?.['resources'] as { name: string }[]).map(({ name }) => name)).toEqual(['encoded']);
  const templates = (await client.send('resources/templates/list', {})).result?.['resourceTemplates'];
  expect((templates as { name: string }[]).map(({ name }) => name)).not.toContain('misspelled');
  // What `sallyport check` reads.
  const store = openStore(join(gateway.folder, 'data', 'sallyport.db'));
  expect(store.pins.withheld()).toEqual([
    expect.objectContaining({
      server: 'one',
      name: 'file:///srv/%6fpen.txt',
      reason: expect.stringMatching(
        /^its URI is not in the normal form of RFC 3986: .*; the server has to list it in that form$/,
      ) as string,
    }),
    expect.objectContaining({ name: 'NOTE://Vault.example/{+path}' }),
  ]);
  store.close();
});
