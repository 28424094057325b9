/**
 * What people ask and change over the control API of a running gateway: what the policies would say, API keys, people.
 * U14: nothing of another tenant; U5: nobody makes a key that gives more than its maker has.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../packages/gateway/src/cli/testing/run.mts';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { request } from 'undici';
import { controlClient, type Document } from './control-client.ts';
import { openGateway, type TestGateway } from './gateway.ts';

let upstream: Upstream;
let gateway: TestGateway;
const { person, api, call } = controlClient(() => gateway);
beforeAll(async () => {
  upstream = await openUpstream({
    tools: [
      tool('search', { q: { type: 'string' } }),
      tool('refund', { amount: { type: 'integer' } }),
      tool('secret', {}),
    ],
    respond: ({ method }) => (method === 'tools/call' ? textResult('done') : undefined),
  });
  gateway = await openGateway({
    servers: { bank: { url: upstream.url } },
    policies: `
      @id("search") permit (principal, action, resource == Tool::"bank/search");
      @id("refund") permit (principal in Role::"admin", action, resource == Tool::"bank/refund");
      @id("small") permit (principal in Role::"analyst", action, resource == Tool::"bank/refund")
        when { context.args has amount && context.args.amount < 100 };
      @id("never") forbid (principal, action, resource == Tool::"bank/refund")
        when { context.args has amount && context.args.amount > 1000 };`,
    settings: {
      approvals: {
        rules: [{ server: 'bank', tool: 'refund', when: 'context.args.amount >= 500', approvers: ['group:finance'] }],
      },
      control: {
        clients: ['console'],
        roles: ['viewer', 'auditor', 'operator', 'admin'].map((role) => ({ role, to: [`role:${role}`] })),
      },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const operator = (tenant = 'acme'): Promise<string> => person('oscar', ['operator'], tenant);
const log = (tenant: string): readonly string[] => {
  const folder = join(gateway.folder, 'data', 'audit', tenant);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
};
const refundOf = (roles: readonly string[], amount: unknown, more: object = {}): object => ({
  user: { issuer: gateway.issuer.issuer, subject: 'alice', roles },
  agent: 'test-agent',
  server: 'bank',
  name: 'refund',
  arguments: { amount },
  ...more,
});

describe('policies', () => {
  it('are shown as they were written', async () => {
    const { document } = await api(await person('audrey', ['auditor']), '/policies');
    expect(document).toMatchObject({
      files: [
        {
          name: 'test.cedar',
          policies: [{ id: 'search', effect: 'permit', line: 2 }, {}, {}, { id: 'never', effect: 'forbid' }],
        },
      ],
    });
    expect(JSON.stringify(document)).not.toContain(gateway.folder);
  });

  it.each<[what: string, body: () => object, decision: string, policies: readonly string[]]>([
    ['an admin', () => refundOf(['admin'], 50), 'allow', ['refund']],
    ['an amount that people must approve', () => refundOf(['admin'], 600), 'needs_approval', ['refund']],
    ['an analyst', () => refundOf(['analyst'], 50), 'allow', ['small']],
    ['an amount too large for an analyst', () => refundOf(['analyst'], 200), 'deny', []],
    ['an amount that is forbidden', () => refundOf(['admin'], 2_000), 'deny', ['never']],
    ['somebody without a role', () => refundOf([], 1), 'not_visible', []],
    ['a tool that does not exist', () => refundOf(['admin'], 1, { name: 'nothing' }), 'not_visible', []],
    ['a tool that nobody may call', () => refundOf(['admin'], 1, { name: 'secret' }), 'not_visible', []],
  ])('explain %s', async (_what, body, decision, policies) => {
    const { status, document } = await api(await operator(), '/policies/explain', body());
    expect([status, document['decision'], (document['policies'] as Document[]).map(({ id }) => id)]).toEqual([
      200,
      decision,
      policies,
    ]);
  });

  it('say of a trial what becomes of the call, for every user, tool and argument (invariant 3)', async () => {
    const before = upstream.received.filter(({ method }) => method === 'tools/call').length;
    const trials: [roles: string[], name: string, args: object][] = [];
    for (const roles of [['admin'], ['analyst'], []])
      for (const [name, args] of [
        ['search', { q: 'a' }],
        ['search', { q: 1 }],
        ['refund', { amount: 50 }],
        ['refund', { amount: 200 }],
        ['refund', { amount: 600 }],
        ['refund', { amount: 2_000 }],
        ['refund', { amount: '50' }],
        ['refund', { other: 1 }],
        ['secret', {}],
        ['nothing', {}],
      ] as const)
        trials.push([roles, name, args]);
    const token = await operator();
    const said: unknown[] = [];
    for (const [roles, name, args] of trials) {
      const { document } = await api(token, '/policies/try', refundOf(roles, 0, { name, arguments: args }));
      said.push([roles, name, args, document['outcome'], document['error_code']]);
    }
    expect(upstream.received.filter(({ method }) => method === 'tools/call').length).toBe(before);
    // Nothing was filed either.
    expect((await api(await person('vera', ['viewer']), '/approvals')).document.items).toEqual([]);
    const happened: unknown[] = [];
    for (const [roles, name, args] of trials) {
      const result = await call(await gateway.token('alice', { roles }), 'bank', name, args);
      const code =
        (result['structuredContent'] as Document | undefined)?.['error_code'] ??
        ('error' in result ? 'NOT_FOUND' : undefined);
      if (code === 'APPROVAL_REQUIRED' || result['resultType'] === 'input_required')
        happened.push([roles, name, args, 'would_wait_for_approval', undefined]);
      else happened.push([roles, name, args, code === undefined ? 'would_be_executed' : 'would_be_refused', code]);
    }
    expect(said).toEqual(happened);
  });

  it('name the stage that refuses', async () => {
    const { document } = await api(await operator(), '/policies/try', refundOf(['admin'], 'much'));
    expect(document['stages']).toMatchObject([
      { stage: 'authenticate', result: 'not_judged' },
      { stage: 'tenant', result: 'passed' },
      { stage: 'visible', result: 'passed' },
      { stage: 'validate', result: 'refused' },
      { stage: 'authorize', result: 'not_reached' },
      ...Array(5).fill({ result: 'not_reached' }),
    ]);
  });

  it('U14 are asked about the own tenant only, and each question is recorded without its arguments', async () => {
    expect(
      (await api(await operator(), '/policies/explain', refundOf(['admin'], 1, { tenant: 'globex' }))).status,
    ).toBe(404);
    await api(await operator(), '/policies/explain', refundOf(['admin'], 77_777, { tenant: 'acme' }));
    const records = log('acme').join('');
    expect(records).toContain('"operation":"policy.explain"');
    expect(records).toContain('"about":{"groups":[],"issuer"');
    expect(records).not.toContain('77777');
  });

  it.each([
    { user: {} },
    { name: '' },
    { method: 'tools/list' },
    { other: 1 },
    { user: { subject: 'x'.repeat(257) } },
    { arguments: [] },
  ])('B2 a trial with %j is refused', async (more) =>
    expect((await api(await operator(), '/policies/try', refundOf(['admin'], 1, more))).status).toBe(400),
  );
});

describe('keys', () => {
  const PATH = '/keys';
  it('are made, shown once, used and revoked, and each change is recorded with who, before and after', async () => {
    const token = await operator();
    const made = await api(token, PATH, { name: 'ci', user: 'robot', roles: ['admin'], days: 1 });
    expect([made.status, made.document]).toMatchObject([
      201,
      { name: 'ci', user: 'robot', tenant: 'acme', roles: ['admin'] },
    ]);
    const { id, secret } = made.document as Document as { id: string; secret: string };
    expect(await call(secret, 'bank', 'refund', { amount: 1 })).not.toHaveProperty('isError', true);
    const listed = await api(token, PATH);
    expect(listed.document.items).toMatchObject([{ id, last_used_at: expect.any(String) }]);
    expect(listed.text).not.toMatch(/secret|hash/);
    expect(listed.text).not.toContain(secret.slice(-43));
    expect((await api(token, `${PATH}?state=revoked`)).document.items).toEqual([]);
    const revoked = await api(token, `${PATH}/${id}`, undefined, 'DELETE');
    expect([revoked.status, revoked.document]).toMatchObject([200, { id, revoked_at: expect.any(String) }]);
    expect((await api(token, `${PATH}/${id}`, undefined, 'DELETE')).document).toEqual(revoked.document);
    await expect
      .poll(() => call(secret, 'bank', 'search', {}).catch(() => 'refused'), { timeout: 30_000 })
      .not.toHaveProperty('content');
    const records = log('acme').join('');
    for (const text of ['"operation":"key.create"', '"operation":"key.revoke"', '"before":null', `"key_id":"${id}"`])
      expect(records).toContain(text);
    expect(records).not.toContain(secret.slice(-43));
    expect((await api(await person('vera', ['viewer']), '/overview')).document['changes']).toContainEqual(
      expect.objectContaining({ kind: 'key', by: 'oscar' }),
    );
    expect((await api(await person('vera', ['viewer'], 'globex'), '/overview')).text).not.toContain(id);
  });

  it('are changed between an intent and an outcome, which the log shows as such, and as one change', async () => {
    const { id } = (await api(await operator(), PATH, { name: 'short' })).document as Document as { id: string };
    await api(await operator(), `${PATH}/${id}`, undefined, 'DELETE');
    const audrey = await person('audrey', ['auditor']);
    const { items } = (await api(audrey, `/calls?method=key.revoke&text=${id}`)).document;
    expect(items).toMatchObject([{ operation: 'key.revoke', class: 'event', status: 'success', user: 'oscar' }]);
    const change = (await api(audrey, `/calls/${String(items[0]?.['correlation_id'])}`)).document;
    expect(change).toMatchObject({
      intent: { record: { unmapped: { phase: 'intent', target: { key_id: id }, before: { revoked_at: null } } } },
      outcome: { record: { unmapped: { phase: 'outcome', status: 'success', after: { name: 'short' } } } },
      related: [],
    });
    const search = ['audit', 'search', '--from', join(gateway.folder, 'data'), '--tenant', 'acme'];
    const lines = (await run([...search, '--correlation-id', String(items[0]?.['correlation_id'])])).out.split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/ intent +– .*key\.revoke.* oscar$/),
      expect.stringMatching(/ outcome success .*key\.revoke.* oscar$/),
      '',
    ]);
  });

  it('U14 of another tenant do not exist', async () => {
    const { id } = (await api(await operator(), PATH, { name: 'own' })).document as Document as { id: string };
    const other = await operator('globex');
    expect((await api(other, PATH)).document.items).toEqual([]);
    expect((await api(other, `${PATH}/${id}`, undefined, 'DELETE')).status).toBe(404);
    expect((await api(await operator(), `${PATH}?text=own`)).document.items).toMatchObject([{ id }]);
  });

  it('U5 for the control API are made by an admin alone', async () => {
    const body = { name: 'console', user: 'erin', scopes: ['control:approver'] };
    expect((await api(await operator(), PATH, body)).status).toBe(403);
    expect((await api(await person('ada', ['admin']), PATH, body)).status).toBe(201);
  });

  it.each([
    {},
    { name: '' },
    { name: 'a\u202eb' },
    { name: 'a\nb' },
    { name: 'a', user: 'a b' },
    { name: 'a', days: -1 },
    { name: 'a', days: 1e9 },
    { name: 'a', tier: 'nothing' },

    { name: 'a', roles: Array(65).fill('r') },
  ])('B2 a key of %j is refused', async (body) => expect((await api(await operator(), PATH, body)).status).toBe(400));
});

describe('people', () => {
  it('U14 are those who called, in the own tenant', async () => {
    await call(await gateway.token('carol', { client_id: 'claude' }), 'bank', 'search', {});
    const globex = await api(await operator('globex'), '/people');
    expect(globex.document.items).toMatchObject([{ subject: 'carol', tenant: 'globex', agents: ['claude'], calls: 1 }]);
    const acme = (await api(await operator(), '/people?text=alice')).document.items;
    expect(acme).toMatchObject([{ subject: 'alice', calls: expect.any(Number) }]);
    expect((await api(await operator(), '/people')).text).not.toContain('carol');
  });
});

describe('settings', () => {
  it('A27 are shown with their origin and what they weaken, without secrets and paths of references', async () => {
    const { document } = await api(await person('audrey', ['auditor']), '/settings');
    const settings = document['settings'] as readonly Document[];
    expect(settings).toContainEqual(
      expect.objectContaining({ path: 'tenants', value: ['acme', 'globex'], origin: 'file' }),
    );
    expect(settings).toContainEqual(expect.objectContaining({ path: 'log.level', value: 'error', default: 'info' }));
    expect(settings).toContainEqual(
      expect.objectContaining({ path: 'servers.bank.headers', value: {}, origin: 'default' }),
    );
    expect(document['weakenings']).toEqual(expect.any(Array));
  });
});

/** The events of a stream so far. */
async function listen(token: string): Promise<{ readonly events: { event: string; data: Document }[]; close(): void }> {
  const { body } = await request(`${gateway.adminUrl}/api/v1/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const events: { event: string; data: Document }[] = [];
  let text = '';
  body.on('data', (chunk: Buffer) => {
    text += String(chunk);
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined) events.push({ event, data: JSON.parse(data ?? '') as Document });
    }
  });
  body.on('error', () => undefined);
  return { events, close: () => void body.destroy() };
}

describe('events', () => {
  it('tell each what changes and may be read by them, and nothing of another tenant (U14)', async () => {
    const streams = {
      viewer: await listen(await person('vera', ['viewer'])),
      stranger: await listen(await person('nora', [])),
      requester: await listen(await person('alice', [])),
      globex: await listen(await person('gina', ['viewer'], 'globex')),
    };
    const names = (of: keyof typeof streams): Set<string> => new Set(streams[of].events.map(({ event }) => event));
    await call(await gateway.token('alice'), 'bank', 'refund', { amount: 700 });
    await api(await operator(), '/keys', { name: 'event' });
    await expect
      .poll(() => [...names('viewer')].sort(), { timeout: 30_000 })
      .toEqual(['approval', 'changed', 'overview']);
    await expect.poll(() => names('requester').has('approval'), { timeout: 30_000 }).toBe(true);
    expect(streams.viewer.events.find(({ event }) => event === 'approval')?.data).toMatchObject({
      status: 'pending',
      version: 1,
    });
    expect([...names('requester')]).toEqual(['approval']);
    expect([names('stranger').size, names('globex').size]).toEqual([0, 0]);
    for (const { close } of Object.values(streams)) close();
  });
});
