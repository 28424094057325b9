/** For whom: the tenant comes from the credential and from nothing else (O24, A18). */
import { tenantId } from '../../identifiers.ts';
import { expect, it } from 'vitest';
import type { Call, Principal, Session } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { createMemoryTenants } from '../../memory/index.ts';
import { CALL, HOME, openHarness, OTHER, outcomeOf, token, type Claims } from '../authenticate/testing/tokens.mts';
import { createTenant, GATEWAY_TENANT } from './index.ts';

const tenantOf = async (claims: Claims, session?: Session, params: Call['params'] = {}) => {
  const tenants = createTenant(
    createMemoryTenants(() => ['acme', 'globex', GATEWAY_TENANT]),
    { check: () => {}, charge: () => {} },
  );
  const text = token(claims);
  const call: Call = { ...CALL, credentials: { kind: 'bearer', token: text }, session, params };
  return tenants(await openHarness().bearer(text), call);
};
const session = (changes: Partial<Session> = {}): Session => ({
  id: 's',
  issuer: HOME,
  subject: 'alice',
  tenant: 'acme',
  ...changes,
});

const TENANT_ROWS: readonly (readonly [name: string, claims: Claims, expected: string, session?: Session])[] = [
  ['O24 the tenant of the token', {}, 'accepted'],
  ['O24 its own session', {}, 'accepted', session()],
  ['O24 the session of another tenant', {}, 'session_not_found', session({ tenant: 'globex' })],
  ['O24 the session of another user', {}, 'session_not_found', session({ subject: 'bob' })],
  ['O24 the session of the same sub of another issuer', {}, 'session_not_found', session({ issuer: OTHER })],
  ['O24 a tenant that is not there', { tenant: 'initech' }, 'unknown_tenant'],
  ['O24 no tenant', { tenant: undefined }, 'unknown_tenant'],
  ['O24 the tenant of the gateway itself', { tenant: GATEWAY_TENANT }, 'unknown_tenant'],
  ['O24 an array of tenants', { tenant: ['acme'] }, 'unknown_tenant'],
  ['O24 another case', { tenant: 'ACME' }, 'unknown_tenant'],
  ['O24 a space', { tenant: 'acme ' }, 'unknown_tenant'],
  ['O24 __proto__', { tenant: '__proto__' }, 'unknown_tenant'],
  ['O24 constructor', { tenant: 'constructor' }, 'unknown_tenant'],
];
it.for(TENANT_ROWS)('%s', async ([, claims, expected, opened]) =>
  expect(await outcomeOf(tenantOf(claims, opened))).toBe(expected),
);

it('O24 a tenant that the request names changes nothing', async () => {
  expect(
    await tenantOf({}, undefined, { tenant: 'globex', _meta: { tenant: 'globex', 'x-tenant-id': 'globex' } }),
  ).toEqual({ id: 'acme' });
});

const principal = {
  user: { issuer: HOME, subject: 'alice' },
  tenantClaim: 'acme',
  key: 'alice',
} as unknown as Principal;
const quiet = { check: () => {}, charge: () => {} };

it.each([
  ['at once', (id: string) => ({ id: tenantId(id) })],
  ['later', (id: string) => Promise.resolve({ id: tenantId(id) })],
] as const)('O24 the directory decides, and so do the refusals, %s', async (_when, find) => {
  const lookups: string[] = [];
  const check = (): void => {
    throw new GuardError('rate_limited');
  };
  const of = (refusals: typeof quiet, found = true) =>
    createTenant(
      {
        find: (id) => {
          lookups.push(id);
          return found ? find(id) : undefined;
        },
      },
      refusals,
    );
  expect(await of(quiet)(principal, CALL)).toEqual({ id: 'acme' });
  expect(await outcomeOf(Promise.resolve().then(() => of({ ...quiet, check })(principal, CALL)))).toBe('rate_limited');
  expect(await outcomeOf(Promise.resolve().then(() => of(quiet, false)(principal, CALL)))).toBe('unknown_tenant');
  expect(
    await outcomeOf(
      Promise.resolve().then(() => of(quiet)(principal, { ...CALL, session: session({ tenant: 'globex' }) })),
    ),
  ).toBe('session_not_found');
  expect(new Set(lookups)).toEqual(new Set(['acme']));
});

it('the gateway’s own calls have a tenant that no directory knows and no refusal budget blocks', async () => {
  const stage = createTenant(
    { find: () => undefined },
    {
      ...quiet,
      check: () => {
        throw new GuardError('rate_limited');
      },
    },
  );
  expect(
    await stage({ ...principal, tenantClaim: 'acme' }, { ...CALL, credentials: { kind: 'gateway', tenant: 'acme' } }),
  ).toEqual({ id: GATEWAY_TENANT });
});

it('B8 a caller with too many refusals is refused once its tenant is known', async () => {
  const checked: string[] = [];
  const check = ({ tenant }: { tenant: { id: string } }): void => {
    checked.push(tenant.id);
    throw new GuardError('rate_limited');
  };
  const tenants = createTenant(
    createMemoryTenants(() => ['acme']),
    { check, charge: () => {} },
  );
  const text = token({});
  const call: Call = { ...CALL, credentials: { kind: 'bearer', token: text } };
  const principal = await openHarness().bearer(text);
  await expect((async () => tenants(principal as Principal, call))()).rejects.toMatchObject({ code: 'rate_limited' });
  expect(checked).toEqual(['acme']);
});
