/**
 * A14 U14: every route of the control API, called by everybody: without a credential, with those of agents and of other
 * tenants, and with every role. `api-roles.txt` is the table of what each gets; a new route needs a row there.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { needsText, ROLES } from '../../packages/gateway/src/control/api/access.ts';
import { API_ROUTES } from '../../packages/gateway/src/control/routes.ts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { sendHttp } from './http-client.ts';

/** What the callers of a column present. */
const COLUMNS = ['none', 'forged', 'agent', 'stranger', ...ROLES, 'globex', 'all-tenants'] as const;
type Column = (typeof COLUMNS)[number];

let gateway: TestGateway;
const tokens = new Map<Column, string>();
beforeAll(async () => {
  gateway = await openGateway({
    servers: {},
    settings: {
      control: {
        clients: ['console'],
        roles: [
          ...ROLES.map((role) => ({ role, to: [`role:${role}`] })),
          { role: 'admin', to: ['user:root'], tenants: '*' },
        ],
      },
    },
  });
  const token = (sub: string, roles: readonly string[], claims: object = {}): Promise<string> =>
    gateway.token('bob', { sub, roles, client_id: 'console', ...claims });
  tokens.set('forged', (await token('mallory', ['admin'])).replace(/\.[^.]*$/, `.${'A'.repeat(86)}`));
  tokens.set('agent', await token('adam', ['admin'], { client_id: 'claude-code' }));
  tokens.set('stranger', await token('nora', ['member']));
  for (const role of ROLES) tokens.set(role, await token(`${role}-person`, [role]));
  tokens.set('globex', await token('gina', ['admin'], { tenant_id: 'globex' }));
  tokens.set('all-tenants', await token('root', []));
});
afterAll(() => gateway.close());

/** A value that no resource has, for each parameter of a path. */
const PARAMS: Readonly<Record<string, string>> = { id: '0123456789abcdef0123456789abcdef' };
const pathOf = (template: string): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => PARAMS[name] ?? 'x');

async function statusOf({ method, path, format }: (typeof API_ROUTES)[number], column: Column): Promise<number> {
  const token = tokens.get(column);
  const { status, text } = await sendHttp(gateway.adminUrl, {
    // A stream has no end, and HEAD of it has.
    method: method === 'GET' && format !== 'json' ? 'HEAD' : method,
    path: pathOf(path),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(method !== 'GET' && { 'content-type': 'application/json', 'if-match': '"x"' }),
    },
    // The client sends no length with DELETE.
    ...(method !== 'GET' && method !== 'DELETE' && { body: '{}' }),
  });
  expect(text).not.toContain('CANARY');
  return status;
}

it('A14 every route answers every role as the committed table says', async () => {
  const lines = [];
  for (const route of API_ROUTES) {
    const statuses: number[] = [];
    for (const column of COLUMNS) statuses.push(await statusOf(route, column));
    lines.push([`${route.method} ${route.path}`, needsText(route), ...statuses.map(String)]);
  }
  const table = [['route', 'access', ...COLUMNS], ...lines];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const text = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  await expect(`${text.join('\n')}\n`).toMatchFileSnapshot('./api-roles.txt');
});

it('A14 nothing but the description of the API is answered without a credential, and a role is needed where it is declared', async () => {
  expect(API_ROUTES.filter(({ access }) => access === 'none').map(({ path }) => path)).toEqual([
    '/api/v1/openapi.json',
  ]);
  for (const route of API_ROUTES) {
    if (route.access === 'none') continue;
    for (const column of ['none', 'forged', 'agent'] as const)
      expect([route.path, column, await statusOf(route, column)]).toEqual([route.path, column, 401]);
    if (route.access === 'person') continue;
    expect([route.path, await statusOf(route, 'stranger')]).toEqual([route.path, 403]);
    const { access, orRole } = route;
    for (const role of ROLES) {
      const has = role === access || role === orRole || role === 'admin' || access === 'viewer';
      const expected = has && route.everywhere !== true ? expect.not.toBeOneOf([401, 403]) : 403;
      expect([route.path, role, await statusOf(route, role)]).toEqual([route.path, role, expected]);
    }
  }
});

it.each([
  '/api/',
  '/api/v1',
  '/api/v2/approvals',
  '/api/v1/no-such',
  '/api/v1/approvals/../keys',
  '/api/v1//approvals',
])('A14 %s does not exist, whoever asks', async (path) => {
  for (const column of COLUMNS) {
    const token = tokens.get(column);
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { status, text } = await sendHttp(gateway.adminUrl, { path, headers });
    expect([status, JSON.parse(text)]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  }
});
