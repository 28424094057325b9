/**
 * A13: what is listed is what can be called. Random Cedar policies, four principals, two servers; for each, what the
 * four lists show is compared with what call, get, read, subscribe and complete accept, and with what reaches the
 * servers.
 */
import fc from 'fast-check';
import { request } from 'undici';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, MODERN_META, type Answer, type Era, type RawClient } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const EPOCHS = 40;
/**
 * Both eras use the same pipeline, and differ in subscriptions and in how a refusal is rendered. A set takes half a
 * second of processor time, so the legacy era gets fewer.
 */
const RUNS = { modern: 20, legacy: 8 };
const ROUNDS_MAX = 3;
const PRINCIPALS = ['alice', 'bob', 'carol', 'dave'];
const SERVERS = ['one', 'two'];

let upstreams: Upstream[];
let gateway: TestGateway;
beforeAll(async () => {
  const offer = {
    tools: [tool('alpha'), tool('beta')],
    prompts: [{ name: 'greet', arguments: [{ name: 'a' }] }],
    resources: [
      { uri: 'mem://doc/x', name: 'x' },
      { uri: 'mem://solo', name: 'solo' },
    ],
    templates: [{ uriTemplate: 'mem://doc/{id}', name: 'doc' }],
  };
  // The one of these tools that is listed shows which policies are in force.
  const epochs = await openUpstream({ tools: Array.from({ length: EPOCHS }, (_, at) => tool(`epoch-${at}`)) });
  upstreams = [await openUpstream(offer), await openUpstream(offer), epochs];
  gateway = await openGateway({
    servers: {
      one: { url: upstreams[0]?.url },
      two: { url: upstreams[1]?.url, labels: ['inner'] },
      epochs: { url: epochs.url },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all(upstreams.map((one) => one.close()));
});

const ACTION_SCOPES = [
  '',
  '',
  ' == Action::"see"',
  ' == Action::"call"',
  ' == Action::"read"',
  ' == Action::"get"',
  ' == Action::"complete"',
  ' == Action::"subscribe"',
  ' in [Action::"call", Action::"read", Action::"get"]',
];
const PRINCIPAL_SCOPES = [
  '',
  '',
  ' in Role::"admin"',
  ' in Role::"analyst"',
  ' in Tenant::"acme"',
  ' in Tenant::"globex"',
  ' in Group::"nobody"',
];
const RESOURCE_SCOPES = [
  '',
  '',
  ' in Server::"one"',
  ' in Server::"two"',
  ' == Tool::"one/alpha"',
  ' == Prompt::"two/greet"',
  ' == Resource::"one/mem://doc/x"',
  ' == ResourceTemplate::"one/mem://doc/{id}"',
  ' in Server::"three"',
];
/** The last two fail for everybody, or for users without the claim: an error denies, in the list and in the call. */
const CONDITIONS = [
  '',
  '',
  ' when { principal.subject == "alice" }',
  ' unless { principal.roles.contains("admin") }',
  ' when { resource.name like "a*" }',
  ' when { resource.labels.contains("inner") }',
  ' when { context.agent.client_id == "test-agent" }',
  ' when { principal.claims.level > 3 }',
  ' when { 1 + principal.subject == 2 }',
];
/** First, because Cedar stops at the first condition that fails: no policy error may reach the tools of `epochs`. */
const EXCEPT_EPOCHS = ' unless { resource.server == "epochs" }';
const ON_ARGUMENTS = ' when { context.args has a && context.args.a == "go" }';

const policy = fc
  .record({
    effect: fc.constantFrom('permit', 'permit', 'permit', 'forbid'),
    who: fc.constantFrom(...PRINCIPAL_SCOPES),
    action: fc.constantFrom(...ACTION_SCOPES),
    what: fc.constantFrom(...RESOURCE_SCOPES),
    condition: fc.constantFrom(...CONDITIONS),
    args: fc.boolean(),
  })
  .map(({ effect, who, action, what, condition, args }) => {
    // The list cannot show whether a forbid on arguments leaves anything, so only permits depend on arguments.
    const more = effect === 'permit' && args ? ON_ARGUMENTS : '';
    return `${effect} (principal${who}, action${action}, resource${what})${EXCEPT_EPOCHS}${condition}${more};`;
  });
const policies = fc.array(policy, { minLength: 1, maxLength: 5 });

let epoch = 0;
/** Writes the policies and waits until they are in force. */
async function enforce(texts: readonly string[], probe: RawClient): Promise<void> {
  const name = `epoch-${(epoch += 1) % EPOCHS}`;
  const own = `@id("epochs") permit (principal, action, resource == Tool::"epochs/${name}");`;
  writeFileSync(join(gateway.folder, 'policies', 'test.cedar'), `${own}\n${texts.join('\n')}`);
  await expect
    .poll(async () => names(await probe.send('tools/list', {}), 'tools', 'name'), { timeout: 30_000, interval: 15 })
    .toEqual([name]);
}

const names = ({ result }: Answer, member: string, key: string): string[] =>
  ((result?.[member] ?? []) as Record<string, string>[]).map((item) => String(item[key])).sort();

/** A tool, prompt, resource or template. */
interface Item {
  readonly server: string;
  readonly list: readonly [method: string, member: string, key: string];
  /** Its name in the list of the server. */
  readonly listedName: string;
  readonly access: readonly (readonly [method: string, params: Record<string, unknown>])[];
  /** Accepted under an action of their own, so a listed item may still refuse them. */
  readonly extra: readonly (readonly [method: string, params: Record<string, unknown>])[];
}

function itemsOf(server: string, era: Era): Item[] {
  const subscribe = (uri: string) => (era === 'legacy' ? [['resources/subscribe', { uri }] as const] : []);
  const complete = (ref: object) => [['completion/complete', { ref, argument: { name: 'a', value: '' } }] as const];
  return [
    ...['alpha', 'beta', 'gamma'].map((name): Item => ({
      server,
      listedName: name,
      list: ['tools/list', 'tools', 'name'],
      access: [['tools/call', { name, arguments: { a: 'go' } }]],
      extra: [['tools/call', { name, arguments: { a: 'no' } }]],
    })),
    ...['greet', 'gone'].map((name): Item => ({
      server,
      listedName: name,
      list: ['prompts/list', 'prompts', 'name'],
      access: [['prompts/get', { name, arguments: { a: 'go' } }]],
      extra: complete({ type: 'ref/prompt', name }),
    })),
    ...['mem://doc/x', 'mem://solo', 'mem://none'].map((uri): Item => ({
      server,
      listedName: uri,
      list: ['resources/list', 'resources', 'uri'],
      access: [['resources/read', { uri }]],
      extra: subscribe(uri),
    })),
    {
      server,
      listedName: 'mem://doc/{id}',
      list: ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
      access: [['resources/read', { uri: 'mem://doc/y' }]],
      extra: [...complete({ type: 'ref/resource', uri: 'mem://doc/{id}' }), ...subscribe('mem://doc/y')],
    },
  ];
}

const isNotFound = ({ error }: Answer): boolean => error?.data?.['error_code'] === 'NOT_FOUND';
const accepted = ({ error, result }: Answer): boolean => error === undefined && result?.['isError'] !== true;
const conditional = (texts: readonly string[]): boolean => texts.some((text) => text.includes('context.args'));

/** Compares list and access for each item of a server. @returns how many items were listed, and how many were not. */
async function compare(
  client: RawClient,
  server: string,
  { era, texts }: { readonly era: Era; readonly texts: readonly string[] },
): Promise<[number, number]> {
  const upstream = upstreams[SERVERS.indexOf(server)] as Upstream;
  const lists = new Map<string, string[]>();
  for (const [method, member, key] of new Map(itemsOf(server, era).map(({ list }) => [list[0], list])).values())
    lists.set(method, names(await client.send(method, {}), member, key));
  let listed = 0;
  let hidden = 0;
  for (const item of itemsOf(server, era)) {
    const isListed = lists.get(item.list[0])?.includes(item.listedName) === true;
    if (isListed) listed += 1;
    else hidden += 1;
    for (const [at, [method, params]] of [...item.access, ...item.extra].entries()) {
      const before = upstream.operations().length;
      const answer = await client.send(method, params);
      const what = `${item.listedName} of ${server} by ${method}, listed: ${isListed}`;
      const why = [what, ...texts, JSON.stringify(answer.messages)].join('\n');
      if (!isListed) expect(isNotFound(answer), why).toBe(true);
      if (isListed) expect(isNotFound(answer), why).toBe(false);
      // A policy on arguments may deny a read, whose only argument is its URI.
      if (isListed && at < item.access.length && (params['arguments'] !== undefined || !conditional(texts)))
        expect(accepted(answer), why).toBe(true);
      expect(upstream.operations().length - before, why).toBe(accepted(answer) ? 1 : 0);
    }
  }
  return [listed, hidden];
}

/** A modern client subscribes to all resources in one request. @returns those that the gateway agrees to. */
async function agreedUris(server: string, token: string, uris: readonly string[]): Promise<string[]> {
  const abort = new AbortController();
  const params = { notifications: { resourceSubscriptions: uris }, _meta: MODERN_META };
  const { body } = await request(`${gateway.url}/mcp/${server}`, {
    method: 'POST',
    signal: abort.signal,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params }),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headersFor('modern', token, { method: 'subscriptions/listen', params }),
    },
  });
  let text = '';
  try {
    for await (const chunk of body)
      if ((text += String(chunk)).includes('acknowledged') && text.endsWith('\n\n')) break;
  } finally {
    abort.abort();
  }
  const [, data = '{}'] = /^data: (.*acknowledged.*)$/m.exec(text) ?? [];
  return (
    (JSON.parse(data) as { params?: { notifications?: { resourceSubscriptions?: string[] } } }).params?.notifications
      ?.resourceSubscriptions ?? []
  ).sort();
}

describe.each(['modern', 'legacy'] as const)('A13 %s', (era) => {
  it(
    `for ${RUNS[era]} random sets of policies every list shows exactly what can be called, and the rest is not found`,
    { timeout: 180_000 },
    async () => {
      const probe = await connect(`${gateway.url}/mcp/epochs`, await gateway.token('alice'), era);
      const clients = new Map<string, RawClient>();
      // Only a user who may see something of a server can open a session with it.
      await enforce(
        SERVERS.map((server) => `permit (principal, action, resource in Server::"${server}");`),
        probe,
      );
      for (const user of PRINCIPALS)
        for (const server of SERVERS)
          clients.set(
            `${user} ${server}`,
            await connect(`${gateway.url}/mcp/${server}`, await gateway.token(user), era),
          );
      const seen: [number, number] = [0, 0];
      // Neither side may be empty: a gateway that hides everything or nothing would pass otherwise. Chance may hide
      // nearly everything in a few sets, so a second and a third round draw more of them.
      for (let round = 0; round < ROUNDS_MAX && Math.min(...seen) <= RUNS[era]; round++)
        await fc.assert(
          fc.asyncProperty(policies, async (texts) => {
            await enforce(texts, probe);
            for (const [key, client] of clients) {
              const [listed, hidden] = await compare(client, key.split(' ')[1] as string, { era, texts });
              seen[0] += listed;
              seen[1] += hidden;
            }
          }),
          { numRuns: RUNS[era], endOnFailure: true },
        );
      expect(Math.min(...seen)).toBeGreaterThan(RUNS[era]);
    },
  );
});

it('A13 modern subscriptions: the gateway agrees to listed resources only', async () => {
  const probe = await connect(`${gateway.url}/mcp/epochs`, await gateway.token('alice'), 'modern');
  const uris = ['mem://doc/x', 'mem://doc/y', 'mem://none', 'mem://solo'];
  await enforce(
    [
      'permit (principal, action, resource in Server::"one");',
      'forbid (principal in Role::"analyst", action, resource == Resource::"one/mem://doc/x");',
      'forbid (principal in Tenant::"globex", action == Action::"subscribe", resource);',
    ],
    probe,
  );
  expect(await agreedUris('one', await gateway.token('alice'), uris)).toEqual([
    'mem://doc/x',
    'mem://doc/y',
    'mem://solo',
  ]);
  expect(await agreedUris('one', await gateway.token('bob'), uris)).toEqual(['mem://doc/y', 'mem://solo']);
  expect(await agreedUris('one', await gateway.token('carol'), uris)).toEqual([]);
});
