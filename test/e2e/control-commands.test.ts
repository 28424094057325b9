/**
 * `keys`, `pins` and `audit search` of the command line against a running gateway: what they do goes through the
 * control API, so that its roles apply and its records say who (A14, U14).
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, type Ran } from '../../packages/gateway/src/cli/testing/run.mts';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { controlClient, type Document } from './control-client.ts';
import { openGateway, type TestGateway } from './gateway.ts';

let upstream: Upstream;
let gateway: TestGateway;
const { person, call } = controlClient(() => gateway);
beforeAll(async () => {
  upstream = await openUpstream({
    tools: [tool('search', { q: { type: 'string' } })],
    respond: ({ method }) => (method === 'tools/call' ? textResult('done') : undefined),
  });
  gateway = await openGateway({
    servers: { bank: { url: upstream.url, pin: 'approval', verify: '0s' } },
    settings: {
      control: {
        clients: ['console'],
        roles: [
          ...['viewer', 'auditor', 'operator'].map((role) => ({ role, to: [`role:${role}`] })),
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

const as = async (token: string, ...args: readonly string[]): Promise<Ran> =>
  run([...args], { environment: { SALLYPORT_ADMIN_URL: gateway.adminUrl, SALLYPORT_TOKEN: token } });
const json = (ran: Ran): Document => JSON.parse(ran.out) as Document;

it('A14 pins are listed, compared, rejected and approved by who may', async () => {
  const [vera, root] = [await person('vera', ['viewer']), await person('root', [])];
  const pending = json(await as(vera, 'pins', 'list', '--pending', '--json'))['pending'] as readonly Document[];
  expect(pending.map(({ kind, name }) => `${String(kind)} ${String(name)}`)).toEqual(['tool search', 'server ']);
  const diff = await as(vera, 'pins', 'diff', 'bank', 'search');
  expect([diff.code, diff.out]).toEqual([1, expect.stringContaining('never approved')]);
  const refused = await as(vera, 'pins', 'approve', 'bank', '--all');
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('role operator')]);
  expect((await as(root, 'pins', 'approve', 'bank', 'search', '--digest', 'sha256:0')).code).toBe(1);
  expect((await as(vera, 'pins', 'reject', 'bank', 'search')).err).toContain('role operator');
  const rejected = await as(root, 'pins', 'reject', 'bank', 'search');
  expect([rejected.code, rejected.out]).toEqual([0, expect.stringContaining('rejected  bank  tool  search')]);
  expect((await as(vera, 'pins', 'list', '--pending')).out).toMatch(/search.*rejected by .*root/);
  const approved = await as(root, 'pins', 'approve', 'bank', '--all');
  expect([approved.code, approved.out]).toEqual([0, expect.stringContaining('approved  bank  tool  search')]);
  expect((await as(vera, 'pins', 'list', 'bank')).out).toContain('root');
  expect((await as(vera, 'pins', 'list', 'nothing')).err).toContain('nothing');
  await expect
    .poll(async () => call(await gateway.token('alice'), 'bank', 'search', { q: 'a' }), { timeout: 30_000 })
    .toHaveProperty('content');
});

it('A14 U14 keys are made, listed, rotated and revoked in the own tenant', async () => {
  const oscar = await person('oscar', ['operator']);
  const create = ['keys', 'create', '--name', 'ci', '--role', 'analyst', '--days', '2', '--json'];
  expect((await as(oscar, ...create, '--tenant', 'globex')).err).toContain('no such tenant');
  const made = json(await as(oscar, ...create, '--tenant', 'acme'));
  expect(made).toMatchObject({ key: expect.stringMatching(/^sp_/), tenant: 'acme', subject: 'ci', roles: ['analyst'] });
  expect((await as(oscar, 'keys', 'list')).out).toContain(String(made['id']));
  const rotated = json(await as(oscar, 'keys', 'rotate', String(made['id']), '--json'));
  expect(rotated).toMatchObject({ subject: 'ci', roles: ['analyst'] });
  expect((await as(oscar, 'keys', 'list')).out).toMatch(new RegExp(`${String(made['id'])}.*revoked`));
  expect((await as(oscar, 'keys', 'revoke', String(rotated['id']))).out).toContain('is revoked');
  const gina = await person('gina', ['operator'], 'globex');
  expect((await as(gina, 'keys', 'list')).out).toContain('No keys');
  expect((await as(gina, 'keys', 'revoke', String(made['id']))).code).toBe(1);
  expect((await as(await person('vera', ['viewer']), 'keys', 'list')).code).toBe(1);
});

it('A14 U14 records are searched by an auditor, of the own tenant', async () => {
  const audrey = await person('audrey', ['auditor']);
  const found = await as(
    audrey,
    'audit',
    'search',
    '--tool',
    'search',
    '--user',
    'alice',
    '--status',
    'success',
    '--json',
  );
  const records = found.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Document);
  expect(records.length).toBeGreaterThan(0);
  expect(records[0]).toMatchObject({ subject: 'alice', tool_name: 'search', phase: 'outcome', tenant_id: 'acme' });
  expect((await as(audrey, 'audit', 'search', '--limit', '1')).out.trim().split('\n').length).toBe(1);
  const other = await as(await person('abel', ['auditor'], 'globex'), 'audit', 'search', '--user', 'alice');
  expect(other.out).toBe('No record matches.\n');
  const refused = await as(await person('vera', ['viewer']), 'audit', 'search');
  expect([refused.code, refused.out]).toEqual([1, '']);
});

it('a command that is given a running gateway and no credential says so, and does not look into files', async () => {
  for (const args of [
    ['keys', 'list'],
    ['pins', 'list'],
    ['audit', 'search'],
  ]) {
    const ran = await run(args, { environment: { SALLYPORT_ADMIN_URL: gateway.adminUrl } });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('SALLYPORT_TOKEN')]);
  }
});
