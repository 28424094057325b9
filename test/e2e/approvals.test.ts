/**
 * A person says yes: alice's call waits, people of her tenant decide over the control API and the command line, the
 * call goes on once, and the record says who said it (U1, U4, U5, U14).
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run as runCommand } from '../../packages/gateway/src/cli/testing/run.mts';
import { connect, type Era } from '../attacks/mcp-client.ts';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { openGateway, type TestGateway } from './gateway.ts';

let upstream: Upstream;
let gateway: TestGateway;
let calls = 0;
beforeAll(async () => {
  upstream = await openUpstream({
    tools: [tool('refund', { amount: { type: 'number' } })],
    respond({ method }) {
      if (method !== 'tools/call') return undefined;
      calls += 1;
      return textResult('refunded');
    },
  });
  gateway = await openGateway({
    servers: { bank: { url: upstream.url } },
    settings: {
      control: { clients: ['console'], roles: [{ role: 'viewer', to: ['role:viewer'] }] },
      approvals: { rules: [{ server: 'bank', tool: 'refund', approvers: ['group:finance', 'user:erin'] }] },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const person = (subject: string, groups: readonly string[] = [], roles: readonly string[] = []): Promise<string> =>
  gateway.token('bob', { sub: subject, client_id: 'console', groups, roles });

async function api(token: string | undefined, path: string, body?: object, idempotencyKey?: string) {
  const { statusCode, body: answer } = await request(`${gateway.adminUrl}/api/v1/approvals${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: statusCode, document: (await answer.json()) as Record<string, unknown> };
}

async function refund(amount: number, era: Era = 'modern') {
  const client = await connect(`${gateway.url}/mcp/bank`, await gateway.token('alice'), era);
  const { result } = await client.call({ id: 1, name: 'refund', arguments: { amount } }).done;
  return result as { isError?: boolean; structuredContent?: Record<string, unknown> };
}

async function waitingId(amount: number): Promise<string> {
  const { structuredContent } = await refund(amount);
  expect(structuredContent).toMatchObject({ error_code: 'APPROVAL_REQUIRED' });
  const { document } = await api(await person('dave', ['finance']), '?status=pending');
  const open = document['items'] as { id: string; arguments: { amount: number } }[];
  return open.find(({ arguments: sent }) => sent.amount === amount)?.id ?? '';
}

const recordsOf = (tenant: string): string =>
  readdirSync(join(gateway.folder, 'data', 'audit', tenant), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.seg'))
    .map((name) => readFileSync(join(gateway.folder, 'data', 'audit', tenant, name), 'latin1'))
    .join('');

it.each<Era>(['modern', 'legacy'])(
  'a %s call waits, is approved by somebody else, and runs exactly once',
  async (era) => {
    const amount = era === 'modern' ? 4_000 : 5_000;
    const before = calls;
    const id = await waitingId(amount);
    expect((await refund(amount, era)).isError).toBe(true);
    const shown = await api(await person('dave', ['finance']), `/${id}`);
    expect(shown).toMatchObject({
      status: 200,
      document: { server: 'bank', tool: 'refund', arguments: { amount }, requester: { subject: 'alice' } },
    });
    expect((await api(await person('dave', ['finance']), `/${id}/approve`, {})).document).toMatchObject({
      status: 'approved',
    });
    expect(calls).toBe(before);
    expect((await refund(amount, era)).isError).toBeFalsy();
    expect((await refund(amount, era)).structuredContent).toMatchObject({ error_code: 'APPROVAL_REQUIRED' });
    expect(calls).toBe(before + 1);
    const records = recordsOf('acme');
    expect(records).toContain('"operation":"approval.decide"');
    expect(records).toContain(`"approval_id":"${id}","approvers":[{`);
  },
);

it('U16 what is approved and what waits survives a restart of the gateway', async () => {
  const [approved, waits] = [await waitingId(21), await waitingId(22)];
  const dave = () => person('dave', ['finance']);
  await api(await dave(), `/${approved}/approve`, {});
  await gateway.restart();
  const before = calls;
  expect((await refund(21)).isError).toBeFalsy();
  expect((await refund(21)).structuredContent).toMatchObject({ error_code: 'APPROVAL_REQUIRED' });
  expect((await api(await dave(), `/${approved}`)).document).toMatchObject({ status: 'consumed' });
  await api(await dave(), `/${waits}/approve`, {});
  expect((await refund(22)).isError).toBeFalsy();
  expect(calls).toBe(before + 2);
});

it('a request is taken back by its user only, and what became of a call is shown', async () => {
  const id = await waitingId(23);
  const alice = () => gateway.token('alice', { client_id: 'console' });
  expect((await api(await person('dave', ['finance']), `/${id}/withdraw`, {})).status).toBe(403);
  // B9: who may not take it back writes nothing into the log.
  expect(recordsOf('acme')).not.toContain('"operation":"approval.withdraw"');
  expect((await api(await alice(), `/${id}/withdraw`, { reason: 'A mistake.' })).document).toMatchObject({
    status: 'withdrawn',
    ended_because: 'A mistake.',
  });
  expect((await api(await person('dave', ['finance']), `/${id}/approve`, {})).status).toBe(409);
  const used = await waitingId(24);
  await api(await person('dave', ['finance']), `/${used}/approve`, {});
  await refund(24);
  const execution = async () => (await api(await alice(), `/${used}`)).document['execution'];
  while ((await execution()) === 'unknown');
  expect(await execution()).toBe('finished');
  const mine = await api(await alice(), '?mine=1&status=withdrawn&limit=1');
  expect((mine.document['items'] as { id: string }[]).map((one) => one.id)).toEqual([id]);
});

it('a decision that is sent again with its Idempotency-Key gets the answer that the first one got', async () => {
  const id = await waitingId(30);
  const [dave, erin] = [await person('dave', ['finance']), await person('erin')];
  const first = await api(dave, `/${id}/deny`, { reason: 'No.' }, 'k-1');
  expect(first).toMatchObject({ status: 200, document: { status: 'denied' } });
  expect(await api(dave, `/${id}/deny`, { reason: 'No.' }, 'k-1')).toEqual(first);
  // Another body, another person, and no key: each is a change of its own.
  expect((await api(dave, `/${id}/deny`, { reason: 'Never.' }, 'k-1')).status).toBe(422);
  expect((await api(erin, `/${id}/deny`, { reason: 'No.' }, 'k-1')).status).toBe(409);
  expect((await api(dave, `/${id}/deny`, { reason: 'No.' })).status).toBe(409);
});

it('U5 U14 the caller, strangers, and people of other tenants decide nothing', async () => {
  const id = await waitingId(1);
  expect((await api(await person('alice', ['finance']), `/${id}/approve`, {})).status).toBe(403);
  expect((await api(await person('frank', [], ['viewer']), `/${id}/approve`, {})).status).toBe(403);
  expect((await api(await person('frank'), `/${id}/approve`, {})).status).toBe(404);
  const carol = await gateway.token('carol', { client_id: 'console', groups: ['finance'] });
  expect((await api(carol, `/${id}/approve`, {})).status).toBe(404);
  expect((await api(undefined, `/${id}/approve`, {})).status).toBe(401);
  expect((await api('nonsense', `/${id}/approve`, {})).status).toBe(401);
  // An agent that acts for somebody who may approve: its token opens nothing here.
  const agent = await gateway.token('bob', { sub: 'dave', client_id: 'claude-code', groups: ['finance'] });
  expect((await api(agent, `/${id}/approve`, {})).status).toBe(401);
  expect((await api(await person('dave', ['finance']), `/${id}/approve`, { amount: 2 })).status).toBe(400);
  expect((await refund(1)).structuredContent).toMatchObject({ error_code: 'APPROVAL_REQUIRED' });
});

it('the command line lists, shows and denies, and the model reads the reason', async () => {
  const id = await waitingId(7);
  const environment = {
    SALLYPORT_TOKEN: await person('erin'),
    SALLYPORT_ADMIN_URL: gateway.adminUrl,
    SALLYPORT_CONFIG: gateway.config,
  };
  const listed = await runCommand(['approvals', 'list'], { environment });
  expect(listed.out).toMatch(new RegExp(`${id} +pending +alice through \\S+ +bank refund +\\{"amount":7\\}`));
  expect((await runCommand(['approvals', 'show', id], { environment })).out).toContain('"amount": 7');
  const denied = await runCommand(['approvals', 'deny', id, '--reason', 'Wrong account.'], { environment });
  expect([denied.code, denied.out]).toEqual([0, 'denied: bank refund\n']);
  expect((await refund(7)).structuredContent).toMatchObject({
    error_code: 'APPROVAL_REFUSED',
    message: 'A person refused this call: Wrong account.',
  });
  expect(await runCommand(['approvals', 'approve', id], { environment })).toMatchObject({
    code: 1,
    err: expect.stringContaining('it was decided, has ended or has expired') as string,
  });
});

it('U5 the command line takes a request back, for whoever asked and nobody else', async () => {
  const id = await waitingId(8);
  const as = async (token: string) =>
    runCommand(['approvals', 'withdraw', id, '--reason', 'Not needed.'], {
      environment: { SALLYPORT_TOKEN: token, SALLYPORT_ADMIN_URL: gateway.adminUrl, SALLYPORT_CONFIG: gateway.config },
    });
  expect(await as(await person('dave', ['finance']))).toMatchObject({ code: 1, out: '' });
  const alice = await gateway.token('alice', { client_id: 'console' });
  expect(await as(alice)).toEqual({ code: 0, out: 'withdrawn: bank refund\n', err: '' });
});
