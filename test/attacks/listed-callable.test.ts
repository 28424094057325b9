/**
 * A13: what is listed is what can be called. Random Cedar policies, four principals, two servers; for each, what the four
 * lists show is compared with what call, get, read, subscribe and complete accept, and with what reaches the servers.
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
const RUNS = 20;
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
  // Which policies are in force is told by which of these is listed.
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

const ACTIONS = [
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
const WHO = [
  '',
  '',
  ' in Role::"admin"',
  ' in Role::"analyst"',
  ' in Tenant::"acme"',
  ' in Tenant::"globex"',
  ' in Group::"nobody"',
];
const WHAT = [
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
/** The last two fail for everybody, or for who has no such claim: an error denies, in the list as in the call. */
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
/** First, because Cedar stops at the first condition that fails: no error of a policy may reach the tools that tell the epoch. */
const SPARED = ' unless { resource.server == "epochs" }';
const ON_ARGUMENTS = ' when { context.args has a && context.args.a == "go" }';

const policy = fc
  .record({
    effect: fc.constantFrom('permit', 'permit', 'permit', 'forbid'),
    who: fc.constantFrom(...WHO),
    action: fc.constantFrom(...ACTIONS),
    what: fc.constantFrom(...WHAT),
    condition: fc.constantFrom(...CONDITIONS),
    args: fc.boolean(),
  })
  .map(({ effect, who, action, what, condition, args }) => {
    // Of a forbid that hangs on arguments the list cannot say whether it leaves anything; a permit is enough for the property.
    const more = effect === 'permit' && args ? ON_ARGUMENTS : '';
    return `${effect} (principal${who}, action${action}, resource${what})${SPARED}${condition}${more};`;
  });
const policies = fc.array(policy, { minLength: 1, maxLength: 5 });

let epoch = 0;
/** Writes the policies and waits until they are in force, as an operator would see it. */
async function enforce(texts: readonly string[], probe: RawClient): Promise<void> {
  const name = `epoch-${(epoch += 1) % EPOCHS}`;
  const own = `@id("epochs") permit (principal, action, resource == Tool::"epochs/${name}");`;
  writeFileSync(join(gateway.folder, 'policies', 'test.cedar'), `${own}\n${texts.join('\n')}`);
  await expect
    .poll(async () => names(await probe.send('tools/list', {}), 'tools', 'name'), { timeout: 5_000, interval: 15 })
    .toEqual([name]);
}

const names = ({ result }: Answer, member: string, key: string): string[] =>
  ((result?.[member] ?? []) as Record<string, string>[]).map((item) => String(item[key])).sort();

interface Thing {
  readonly server: string;
  readonly list: readonly [method: string, member: string, key: string];
  /** As it is listed, in the server's own words. */
  readonly shown: string;
  readonly access: readonly (readonly [method: string, params: Record<string, unknown>])[];
  /** Accepted under an action of their own, so a thing that is listed may still refuse them. */
  readonly extra: readonly (readonly [method: string, params: Record<string, unknown>])[];
}

function things(server: string, era: Era): Thing[] {
  const subscribe = (uri: string) => (era === 'legacy' ? [['resources/subscribe', { uri }] as const] : []);
  const complete = (ref: object) => [['completion/complete', { ref, argument: { name: 'a', value: '' } }] as const];
  return [
    ...['alpha', 'beta', 'gamma'].map((name): Thing => ({
      server,
      shown: name,
      list: ['tools/list', 'tools', 'name'],
      access: [['tools/call', { name, arguments: { a: 'go' } }]],
      extra: [['tools/call', { name, arguments: { a: 'no' } }]],
    })),
    ...['greet', 'gone'].map((name): Thing => ({
      server,
      shown: name,
      list: ['prompts/list', 'prompts', 'name'],
      access: [['prompts/get', { name, arguments: { a: 'go' } }]],
      extra: complete({ type: 'ref/prompt', name }),
    })),
    ...['mem://doc/x', 'mem://solo', 'mem://none'].map((uri): Thing => ({
      server,
      shown: uri,
      list: ['resources/list', 'resources', 'uri'],
      access: [['resources/read', { uri }]],
      extra: subscribe(uri),
    })),
    {
      server,
      shown: 'mem://doc/{id}',
      list: ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
      access: [['resources/read', { uri: 'mem://doc/y' }]],
      extra: [...complete({ type: 'ref/resource', uri: 'mem://doc/{id}' }), ...subscribe('mem://doc/y')],
    },
  ];
}

const isNotFound = ({ error }: Answer): boolean => error?.data?.['error_code'] === 'NOT_FOUND';
const accepted = ({ error, result }: Answer): boolean => error === undefined && result?.['isError'] !== true;
const conditional = (texts: readonly string[]): boolean => texts.some((text) => text.includes('context.args'));

/** One principal, one server: every thing, listed and asked for. @returns how many were listed, and how many were not. */
async function compare(
  client: RawClient,
  server: string,
  { era, texts }: { readonly era: Era; readonly texts: readonly string[] },
): Promise<[number, number]> {
  const upstream = upstreams[SERVERS.indexOf(server)] as Upstream;
  const shown = new Map<string, string[]>();
  for (const [method, member, key] of new Map(things(server, era).map(({ list }) => [list[0], list])).values())
    shown.set(method, names(await client.send(method, {}), member, key));
  let listed = 0;
  let hidden = 0;
  for (const thing of things(server, era)) {
    const isListed = shown.get(thing.list[0])?.includes(thing.shown) === true;
    if (isListed) listed += 1;
    else hidden += 1;
    for (const [at, [method, params]] of [...thing.access, ...thing.extra].entries()) {
      const before = upstream.operations().length;
      const answer = await client.send(method, params);
      const why = `${thing.shown} of ${server} by ${method}, listed: ${isListed}\n${texts.join('\n')}\n${JSON.stringify(answer.messages)}`;
      if (!isListed) expect(isNotFound(answer), why).toBe(true);
      if (isListed) expect(isNotFound(answer), why).toBe(false);
      // A policy on arguments may not be met by a read, which has none but its address.
      if (isListed && at < thing.access.length && (params['arguments'] !== undefined || !conditional(texts)))
        expect(accepted(answer), why).toBe(true);
      expect(upstream.operations().length - before, why).toBe(accepted(answer) ? 1 : 0);
    }
  }
  return [listed, hidden];
}

/** Modern clients subscribe in one listen; what is not agreed to is not heard of. */
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
    `${RUNS} random sets of policies: every list shows exactly what can be asked for, and all else does not exist`,
    { timeout: 180_000 },
    async () => {
      const probe = await connect(`${gateway.url}/mcp/epochs`, await gateway.token('alice'), era);
      const clients = new Map<string, RawClient>();
      // A session is opened by who may see something of its server.
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
      await fc.assert(
        fc.asyncProperty(policies, async (texts) => {
          await enforce(texts, probe);
          for (const [key, client] of clients) {
            const [listed, hidden] = await compare(client, key.split(' ')[1] as string, { era, texts });
            seen[0] += listed;
            seen[1] += hidden;
          }
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
      // Neither side may be empty: a gateway that hides everything, or nothing, would pass otherwise.
      expect(Math.min(...seen)).toBeGreaterThan(RUNS);
    },
  );
});

it(
  'A13 modern subscriptions: agreed to is a part of listed, and what is forbidden is not heard of',
  { timeout: 60_000 },
  async () => {
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
  },
);
