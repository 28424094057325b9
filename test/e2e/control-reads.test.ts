/**
 * What people read of a running gateway over the control API: its figures, its servers and what they changed. U14: a
 * tenant sees its own; U8, A26: text of servers is data, and what hides in it is named.
 */
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { verifyProof, type InclusionProof } from '../../packages/dashboard/src/proof/verify.ts';
import { controlClient, type Document } from './control-client.ts';
import { openGateway, type TestGateway } from './gateway.ts';

const MARKUP = '<img src=x onerror=alert(1)>';
const HIDDEN = 'safe\u202e\u200b\u{e0041}';

const offer = {
  tools: [tool('search', { q: { type: 'string' } }), tool('refund', { amount: { type: 'number' } })],
  respond: ({ method }: { readonly method: string }) => (method === 'tools/call' ? textResult('done') : undefined),
};
let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await openUpstream(offer);
  gateway = await openGateway({
    servers: { bank: { url: `${upstream.url}?key=CANARY-IN-URL`, pin: 'first_use', verify: '0s', labels: ['money'] } },
    policies: `
      @id("search") permit (principal, action, resource == Tool::"bank/search");
      @id("refund") permit (principal in Role::"admin", action, resource == Tool::"bank/refund");`,
    settings: {
      control: {
        clients: ['console'],
        roles: [
          { role: 'viewer', to: ['role:viewer'] },
          { role: 'auditor', to: ['role:auditor'] },
          { role: 'operator', to: ['role:operator'] },
          { role: 'admin', to: ['user:root'], tenants: '*' },
        ],
      },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const { person, api, call: callAs } = controlClient(() => gateway);
const call = async (user: string, name: string, args: object): Promise<Document> =>
  callAs(await gateway.token(user), 'bank', name, args);

const sum = (counts: unknown): number => (counts as number[]).reduce((all, count) => all + count, 0);

describe('the overview', () => {
  it('counts the calls of the tenant as they end, and of no other (U14)', async () => {
    const [acme, globex] = [await person('vera', ['viewer']), await person('gina', ['viewer'], 'globex')];
    await call('alice', 'search', { q: 'a' });
    await call('bob', 'refund', { amount: 1 });
    await call('carol', 'search', { q: 'b' });
    // Issuers are asked for their keys once the gateway is open.
    let { document } = await api(acme, '/overview');
    while ((document['issuers'] as unknown[]).length === 0) ({ document } = await api(acme, '/overview'));
    expect(document).toMatchObject({
      window_seconds: 120,
      step_seconds: 1,
      approvals_pending: 0,
      servers: [{ name: 'bank', status: 'ready' }],
      issuers: [{ status: 'ready' }],
    });
    const series = document['series'] as Record<string, unknown[]>;
    expect([sum(series['calls']), sum(series['refused'])]).toEqual([2, 1]);
    expect(new Set(Object.values(series).map((list) => list.length))).toEqual(new Set([120]));
    expect(document['refusals']).toEqual([
      { error_code: expect.stringMatching(/NOT_FOUND|PERMISSION_DENIED/), count: 1 },
    ]);
    expect(document['weakenings']).toContainEqual(expect.stringContaining('first_use'));
    expect(document['changes']).toContainEqual(expect.objectContaining({ kind: 'gateway' }));
    const other = (await api(globex, '/overview?window=hours')).document;
    expect([sum((other['series'] as Document)['calls']), other['refusals'], other['step_seconds']]).toEqual([
      1,
      [],
      60,
    ]);
  });
});

describe('servers', () => {
  it('are shown without their credentials, with the figures of the tenant', async () => {
    const { document } = await api(await person('vera', ['viewer']), '/servers');
    expect(document.items).toEqual([
      expect.objectContaining({
        name: 'bank',
        transport: 'http',
        url: expect.not.stringContaining('?'),
        labels: ['money'],
        tools: 2,
        pending_definitions: 0,
        calls: expect.any(Number),
      }),
    ]);
    expect((await api(await person('vera', ['viewer']), '/servers/bank')).document).toEqual(document.items[0]);
    expect((await api(await person('vera', ['viewer']), '/servers/nothing')).status).toBe(404);
  });

  it('have definitions in pages, and a cursor is of one list, filter and person', async () => {
    const vera = await person('vera', ['viewer']);
    const first = await api(vera, '/servers/bank/definitions?limit=1');
    const cursor = encodeURIComponent(String(first.document['next_cursor']));
    const second = await api(vera, `/servers/bank/definitions?limit=200&cursor=${cursor}`);
    const names = [...first.document.items, ...second.document.items].map(
      ({ kind, name }) => `${String(kind)} ${String(name)}`,
    );
    expect(names).toEqual(['server bank', 'tool refund', 'tool search']);
    expect(second.document['next_cursor']).toBeUndefined();
    const gina = await person('gina', ['viewer'], 'globex');
    for (const [token, query] of [
      [gina, `cursor=${cursor}`],
      [vera, `kind=tool&cursor=${cursor}`],
      [vera, 'cursor=AAAA'],
    ] as const)
      expect((await api(token, `/servers/bank/definitions?${query}`)).status).toBe(400);
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=1e2',
    'kind=all',
    'state=x',
    `text=${'x'.repeat(257)}`,
    'other=1',
    'kind=tool&kind=tool',
  ])('B2 a query of %s is refused', async (query) =>
    expect((await api(await person('vera', ['viewer']), `/servers/bank/definitions?${query}`)).status).toBe(400),
  );
});

describe('A3 U8 a definition that changed', () => {
  const detail = '/servers/bank/definitions/tool/refund';
  it('is shown with what differs, what hides in it is named, and it is approved by who reviewed it', async () => {
    const [vera, oscar, root] = [
      await person('vera', ['viewer']),
      await person('oscar', ['operator']),
      await person('root', []),
    ];
    const before = (await api(vera, detail)).document;
    expect(before).toMatchObject({ state: 'approved', hidden_characters: [], pinned_by: 'first_use' });
    offer.tools = [
      tool('search', { q: { type: 'string' } }),
      tool('refund', { amount: { type: 'number' } }, { title: `${MARKUP}${HIDDEN}` }),
    ];
    await call('alice', 'refund', { amount: 1 });
    const changed = (await api(vera, detail)).document;
    expect(changed).toMatchObject({
      state: 'changed',
      pinned_digest: before['digest'],
      live: { title: `${MARKUP}${HIDDEN}` },
    });
    expect(changed['diff']).toContainEqual({
      op: 'add',
      text: `  "title": "${MARKUP}safe\\u{202e}\\u{200b}\\u{e0041}"`,
    });
    expect(changed['hidden_characters']).toEqual([
      { path: '/title', character: 'U+202E', name: 'right-to-left override' },
      { path: '/title', character: 'U+200B', name: 'zero-width space' },
      { path: '/title', character: 'U+E0041', name: 'tag character' },
    ]);
    expect((await api(vera, '/servers')).document.items[0]).toMatchObject({ pending_definitions: 1 });
    const digest = changed['digest'];
    expect((await api(vera, `${detail}/reject`, { digest })).status).toBe(403);
    const rejected = await api(root, `${detail}/reject`, { digest });
    expect(rejected.document).toMatchObject({ state: 'rejected', rejected_by: expect.stringMatching(/ root$/) });
    expect((await api(vera, '/servers')).document.items[0]).toMatchObject({ pending_definitions: 0 });
    await call('alice', 'refund', { amount: 1 });
    expect((await api(vera, detail)).document['state']).toBe('rejected');
    for (const token of [vera, oscar]) expect((await api(token, `${detail}/approve`, { digest })).status).toBe(403);
    expect((await api(root, `${detail}/approve`, { digest: before['digest'] })).status).toBe(409);
    const approved = await api(root, `${detail}/approve`, { digest });
    expect(approved.document).toMatchObject({ state: 'approved', digest, diff: expect.any(Array) });
    expect(String(approved.document['pinned_by'])).toMatch(/ root$/);
    expect((await api(root, `${detail}/approve`, { digest })).status).toBe(409);
    await expect
      .poll(() => call('alice', 'refund', { amount: 1 }), { timeout: 30_000 })
      .not.toHaveProperty('isError', true);
    const { document } = await api(vera, '/overview');
    expect(document['changes']).toContainEqual(expect.objectContaining({ kind: 'definition', by: 'root' }));
  });
});

describe('calls', () => {
  const auditor = (tenant = 'acme'): Promise<string> => person('audrey', ['auditor'], tenant);
  const calls = async (query: string, tenant = 'acme') =>
    (await api(await auditor(tenant), `/calls?${query}`)).document;

  it('are those of the tenant, newest first, and each is found by what it is (U14)', async () => {
    await call('alice', 'search', { q: MARKUP });
    const { items } = await calls('server=bank&kind=call&limit=200');
    expect(items.length).toBeGreaterThan(3);
    const times = items.map(({ time }) => String(time));
    expect(times).toEqual([...times].sort().reverse());
    expect(new Set(items.map(({ user }) => user))).toEqual(new Set(['alice', 'bob']));
    expect(new Set((await calls('server=bank')).items.map(({ user }) => user)).has('carol')).toBe(false);
    expect((await calls('server=bank', 'globex')).items.map(({ user }) => user)).toEqual(['carol']);
    expect((await calls('user=carol')).items).toEqual([]);
    expect((await calls('user=bob')).items).toMatchObject([
      { tool: expect.anything(), status: 'refused', class: 'call' },
    ]);
    expect((await calls('status=success&tool=refund&user=alice')).items.length).toBeGreaterThan(0);
    expect((await calls('kind=event')).items).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ operation: 'definition.approve', user: 'root' })]),
    );
    expect((await calls('text=DEFINITION.APPROVE&kind=event')).items.length).toBe(1);
    expect((await calls(`until=${encodeURIComponent('2020-01-01T00:00:00Z')}`)).items).toEqual([]);
  });

  it('come in pages without gaps', async () => {
    const all = (await calls('limit=200')).items;
    const pages: Document[] = [];
    for (let cursor = ''; ;) {
      const page = await calls(`limit=2${cursor}`);
      pages.push(...page.items);
      if (page['next_cursor'] === undefined) break;
      cursor = `&cursor=${encodeURIComponent(String(page['next_cursor']))}`;
    }
    expect(pages).toEqual(all);
    const first = await calls('limit=1');
    const cursor = encodeURIComponent(String(first['next_cursor']));
    expect((await api(await auditor('globex'), `/calls?limit=1&cursor=${cursor}`)).status).toBe(400);
    expect((await api(await auditor(), `/calls?limit=1&user=alice&cursor=${cursor}`)).status).toBe(400);
  });

  it.each([
    'status=x',
    'error_code=a b',
    'log=../acme',
    'log=_',
    'since=yesterday',
    'text=a',
    `user=${'x'.repeat(513)}`,
    'index=1',
  ])('B2 a search by %s is refused', async (query) =>
    expect((await api(await auditor(), `/calls?${query}`)).status).toBe(400),
  );

  it('have two records, and a proof that the browser can check without believing the gateway (L4)', async () => {
    const [item] = (await calls('tool=search&user=alice&status=success')).items;
    const { document } = await api(
      await auditor(),
      `/calls/${String(item?.['correlation_id'])}?time=${String(item?.['time'])}`,
    );
    expect(document).toMatchObject({
      summary: item,
      intent: { record: { unmapped: { phase: 'intent' } } },
      outcome: { index: item?.['index'], record: { unmapped: { phase: 'outcome', status: 'success' } } },
    });
    const path = `/audit/${String(item?.['log'])}/proof/${String(item?.['index'])}`;
    await expect.poll(async () => (await api(await auditor(), path)).status, { timeout: 30_000 }).toBe(200);
    const proof = (await api(await auditor(), path)).document as unknown as InclusionProof;
    const verdict = await verifyProof(proof, { index: Number(item?.['index']) });
    expect(verdict).toMatchObject({ holds: true, origin: 'sallyport.local/acme' });
    const { record } = document['outcome'] as { record: unknown };
    expect(verdict.holds && JSON.parse(verdict.record)).toEqual(record);
    // U14: the same place in the log of another tenant is another record, and says nothing of this one.
    expect((await api(await auditor('globex'), `/audit/gateway/proof/100000`)).status).toBe(404);
    expect((await api(await auditor('globex'), `/calls/${String(item?.['correlation_id'])}`)).status).toBe(404);
    for (const log of ['..', '_', 'stdio-1', 'acme', '%2e%2e%2facme'])
      expect((await api(await auditor(), `/audit/${log}/proof/0`)).status).toBe(404);
    for (const index of ['-1', '1e3', '01', '9999999999999999999'])
      expect((await api(await auditor(), `/audit/gateway/proof/${index}`)).status).toBe(404);
  });

  it('are exported one per line', async () => {
    const { body } = await request(`${gateway.adminUrl}/api/v1/calls/export?server=bank`, {
      headers: { authorization: `Bearer ${await auditor()}` },
    });
    const lines = (await body.text()).trim().split('\n');
    const listed = (await calls('server=bank&limit=200')).items;
    expect(lines.map((line) => (JSON.parse(line) as Document)['index'])).toEqual(listed.map(({ index }) => index));
  });
});
