/**
 * What a chosen user would see of a server and may call, asked over the control API and compared with what becomes of
 * the user's calls; and who reads the gateway's own log (A13, A14, U14).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { controlClient, type Document } from './control-client.ts';
import { openGateway, type TestGateway } from './gateway.ts';

let upstream: Upstream;
let gateway: TestGateway;
let executed = 0;
beforeAll(async () => {
  const amount = { amount: { type: 'integer' } };
  upstream = await openUpstream({
    tools: ['open', 'refund', 'payout', 'transfer', 'drop'].map((name) => tool(name, amount)),
    respond({ method }) {
      if (method !== 'tools/call') return undefined;
      executed += 1;
      return textResult('done');
    },
  });
  gateway = await openGateway({
    servers: { bank: { url: upstream.url, pin: 'first_use' } },
    policies: `
      @id("open") permit (principal, action, resource == Tool::"bank/open");
      @id("small") permit (principal, action, resource == Tool::"bank/refund") when { context.args.amount < 100 };
      @id("pay") @require_approval("role:admin")
      permit (principal, action, resource == Tool::"bank/payout");
      @id("move") permit (principal, action, resource == Tool::"bank/transfer");
      @id("drop") permit (principal in Role::"admin", action, resource == Tool::"bank/drop");
      @id("nobody-drops") forbid (principal, action, resource == Tool::"bank/drop") when { context.args.amount > 5 };`,
    settings: {
      approvals: {
        rules: [{ server: 'bank', tool: 'transfer', when: 'context.args.amount > 1000', approvers: ['group:finance'] }],
      },
      control: {
        clients: ['console'],
        roles: [
          { role: 'viewer', to: ['role:viewer'] },
          { role: 'approver', to: ['role:approver'] },
          { role: 'auditor', to: ['role:auditor'] },
          { role: 'operator', to: ['role:operator'] },
          { role: 'admin', to: ['role:admin'] },
          { role: 'auditor', to: ['user:rita'], tenants: '*' },
        ],
      },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const { person, api, call } = controlClient(() => gateway);

describe('what a user may do with a server', () => {
  const accessOf = async (roles: readonly string[]): Promise<Document> => {
    const user = { subject: 'zoe', roles };
    const { status, document } = await api(await person('audrey', ['auditor']), '/servers/bank/access', { user });
    expect(status).toBe(200);
    return Object.fromEntries(document.items.map(({ name, ...said }) => [String(name), said]));
  };

  it('is told for each tool, with the policies that decide, and nothing is executed', async () => {
    const before = executed;
    const item = (said: string, ...ids: readonly string[]): object => ({
      kind: 'tool',
      visible: said !== 'hidden',
      call: said === 'hidden' ? 'refused' : said,
      policies: ids.map((id) => expect.objectContaining({ id, line: expect.any(Number) }) as unknown),
    });
    expect(await accessOf([])).toEqual({
      drop: item('hidden', 'nobody-drops'),
      open: item('allowed', 'open'),
      refund: item('depends_on_arguments', 'small'),
      payout: {
        ...item('needs_approval', 'pay'),
        approval: { approvers: ['role:admin'], required: 1, source: 'policy pay', depends_on_arguments: false },
      },
      transfer: {
        ...item('needs_approval', 'move'),
        approval: expect.objectContaining({ approvers: ['group:finance'], depends_on_arguments: true }),
      },
    });
    expect((await accessOf(['admin']))['drop']).toEqual(item('depends_on_arguments', 'nobody-drops', 'drop'));
    expect(executed).toBe(before);
  });

  it('is what becomes of the calls of that user (invariant 3)', async () => {
    const zoe = await gateway.token('bob', { sub: 'zoe', roles: [] });
    const codeOf = async (name: string, amount: number): Promise<unknown> => {
      const { structuredContent } = await call(zoe, 'bank', name, { amount });
      return (structuredContent as Document | undefined)?.['error_code'];
    };
    expect(await codeOf('open', 1)).toBeUndefined();
    expect([await codeOf('refund', 1), await codeOf('refund', 100)]).toEqual([undefined, 'PERMISSION_DENIED']);
    expect([await codeOf('transfer', 1), await codeOf('transfer', 1001)]).toEqual([undefined, 'APPROVAL_REQUIRED']);
    expect(await codeOf('payout', 1)).toBe('APPROVAL_REQUIRED');
    expect(await call(zoe, 'bank', 'drop', { amount: 1 })).not.toHaveProperty('content.0.text', 'done');
  });

  it('A14 is for auditors, operators and admins, and that somebody asked is recorded', async () => {
    const body = { user: { subject: 'zoe' } };
    const statusFor = async (role: string): Promise<number> =>
      (await api(await person('p', [role]), '/servers/bank/access', body)).status;
    for (const role of ['auditor', 'operator', 'admin']) expect([role, await statusFor(role)]).toEqual([role, 200]);
    for (const role of ['viewer', 'approver', 'member']) expect([role, await statusFor(role)]).toEqual([role, 403]);
    const records = await api(await person('audrey', ['auditor']), '/calls?kind=event&method=policy.access');
    expect(records.document.items).toContainEqual(expect.objectContaining({ user: 'audrey' }));
    const audrey = await person('audrey', ['auditor']);
    expect((await api(audrey, '/servers/nothing/access', body)).status).toBe(404);
    expect((await api(audrey, '/servers/bank/access', { user: {} })).status).toBe(400);
    const people = (await api(audrey, '/people?text=zoe')).document.items;
    expect(people).toMatchObject([{ subject: 'zoe', roles: [], groups: [] }]);
  });
});

describe('records', () => {
  it('A26 of a hidden tool have its name, and of a name that nobody offers a hash', async () => {
    const zoe = await gateway.token('bob', { sub: 'zed', roles: [] });
    await call(zoe, 'bank', 'drop', { amount: 1 });
    await call(zoe, 'bank', 'my-password-1', {});
    const { document } = await api(await person('audrey', ['auditor']), '/calls?user=zed');
    expect(document.items.map((item) => item['tool'])).toEqual([expect.stringMatching(/^hmac:[0-9a-f]{32}$/), 'drop']);
  });

  it('U14 of the gateway itself are read by who has the role in every tenant', async () => {
    const own = '/calls?scope=gateway&kind=event';
    const rita = await person('rita', []);
    expect((await api(rita, own)).document.items).toContainEqual(
      expect.objectContaining({ operation: 'gateway.start' }),
    );
    expect((await api(rita, '/calls?kind=event&method=gateway.start')).document.items).toEqual([]);
    for (const role of ['auditor', 'admin'])
      for (const path of [
        own,
        '/calls/export?scope=gateway',
        '/calls/x?scope=gateway',
        '/audit/gateway/proof/0?scope=gateway',
      ])
        expect([role, path, (await api(await person('p', [role]), path)).status]).toEqual([role, path, 403]);
    await expect
      .poll(async () => (await api(rita, '/audit/gateway/proof/0?scope=gateway')).status, { timeout: 30_000 })
      .toBe(200);
    const next = (await api(rita, `${own}&limit=1`)).document['next_cursor'];
    if (next !== undefined)
      expect((await api(rita, `/calls?kind=event&limit=1&cursor=${encodeURIComponent(String(next))}`)).status).toBe(
        400,
      );
  });
});
