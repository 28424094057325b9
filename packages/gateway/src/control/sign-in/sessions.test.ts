/** B10: how long a session lasts, and what ends it, by a clock of the test and a real store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IDENTITY_PROVIDERS } from '@sallyport/guard/stages';
import { openStore, type Store } from '../../adapters/sqlite/store.ts';
import type { RoleBinding } from '../../snapshot.ts';
import { createSessions, type Sessions, type SessionSettings } from './sessions.ts';

const ISSUER = 'https://issuer.example';
const MINUTE_MS = 60_000;

let folder: string;
let store: Store;
let sessions: Sessions;
let nowMs: number;
let settings: SessionSettings;

/** Configurations are replaced as a whole. */
function configure(over: {
  roles?: readonly RoleBinding[];
  tenants?: readonly string[];
  issuers?: readonly string[];
  signIn?: readonly string[];
}): void {
  const { tenants = ['acme', 'globex', 'other'], issuers = [ISSUER], signIn = ['dashboard'], roles = ROLES } = over;
  settings = {
    tenants,
    identity: {
      apiKeys: true,
      issuers: issuers.map((issuer) => ({
        issuer,
        tenants: ['acme', 'globex'],
        tenantWithoutClaim: undefined,
        claims: IDENTITY_PROVIDERS.generic.claims,
      })),
    },
    control: {
      roles,
      clients: [],
      session: { idleMs: 60 * MINUTE_MS, lifetimeMs: 8 * 60 * MINUTE_MS },
      signIn: signIn.map((clientId) => ({
        issuer: ISSUER,
        clientId,
        clientSecret: undefined,
        scopes: [],
        stepUpAcrValues: [],
      })),
    },
  } as unknown as SessionSettings;
}

const ROLES: readonly RoleBinding[] = [
  { role: 'approver', to: [{ kind: 'role', name: 'lead' }], tenants: undefined },
  { role: 'auditor', to: [{ kind: 'group', name: 'audit' }], tenants: ['globex', 'other'] },
];

let remembered: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-sessions-'));
  nowMs = 1_000_000;
  const clock = { now: () => nowMs };
  store = openStore(join(folder, 'store.db'), clock);
  configure({});
  remembered = [];
  const remember = async ({ subject }: { readonly subject: string }, tenant: string): Promise<void> =>
    void remembered.push(`${subject} of ${tenant}`);
  sessions = createSessions({ store: store.webSessions, remember, settings: () => settings, clock });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const PERSON = {
  issuer: ISSUER,
  clientId: 'dashboard',
  subject: 'carol',
  claims: { sub: 'carol', tenant_id: 'acme', roles: ['lead'], groups: ['audit'] },
  authTimeMs: 5,
  acr: undefined,
  sid: 's1',
};
const DAVE = { subject: 'dave', claims: { ...PERSON.claims, sub: 'dave' } };

async function begin(over: Partial<typeof PERSON> = {}): Promise<string> {
  const opened = await sessions.begin({ ...PERSON, ...over }, undefined);
  if (opened === undefined) throw new Error('no session');
  return opened.id;
}
const isAlive = async (id: string, isUse = true): Promise<boolean> =>
  (await sessions.callerOf(id, isUse)) !== undefined;

describe('a session', () => {
  it('is in the tenant of the claim, with the roles that are bound there', async () => {
    const caller = await sessions.callerOf(await begin(), true);
    expect(caller?.tenant.id).toBe('acme');
    expect([...(caller?.roles ?? [])]).toEqual(['approver', 'viewer']);
    expect(caller?.session?.tenants).toEqual(['acme', 'globex']);
    expect([...(caller?.installationRoles ?? [])]).toEqual([]);
  });

  it('U17 carries the ways to sign in that its issuer must have used for a step-up', async () => {
    const id = await begin();
    const [client] = settings.control.signIn;
    const signIn = [{ ...client, stepUpAcrValues: ['mfa'] }] as typeof settings.control.signIn;
    settings = { ...settings, control: { ...settings.control, signIn } };
    expect((await sessions.callerOf(id, true))?.stepUpAcrValues).toEqual(['mfa']);
  });

  it('U14 acts in another tenant of the person with a new id, and never in one for which the issuer may not speak', async () => {
    const id = await begin();
    const idHash = (await sessions.callerOf(id, true))?.session?.idHash ?? '';
    expect(await sessions.changeTenant(idHash, 'other')).toBeUndefined();
    expect(await sessions.changeTenant(idHash, 'nowhere')).toBeUndefined();
    const changed = await sessions.changeTenant(idHash, 'globex');
    expect(await isAlive(id), 'the id of before').toBe(false);
    const caller = await sessions.callerOf(changed?.id ?? '', true);
    expect([caller?.tenant.id, [...(caller?.roles ?? [])]]).toEqual(['globex', ['auditor', 'viewer']]);
  });

  it('B14 a role of every tenant is one where the issuer may speak, and of the installation only if it speaks for all', async () => {
    configure({ roles: [{ role: 'admin', to: [{ kind: 'role', name: 'lead' }], tenants: '*' }] });
    const before = await sessions.callerOf(await begin(), true);
    expect([before?.roles.has('admin'), before?.installationRoles.size]).toEqual([true, 0]);
    configure({
      tenants: ['acme', 'globex'],
      roles: [{ role: 'admin', to: [{ kind: 'role', name: 'lead' }], tenants: '*' }],
    });
    const after = await sessions.callerOf(await begin(), true);
    expect(after?.installationRoles.has('admin')).toBe(true);
  });

  it('of a person without a tenant does not begin', async () => {
    const claims = { ...PERSON.claims, tenant_id: 'other', roles: [], groups: [] };
    expect(await sessions.begin({ ...PERSON, claims }, undefined)).toBeUndefined();
  });
});

describe('a session ends', () => {
  it('when it was not used for an hour; a stream is no use', async () => {
    const id = await begin();
    nowMs += 59 * MINUTE_MS;
    expect(await isAlive(id)).toBe(true);
    nowMs += 59 * MINUTE_MS;
    expect(await isAlive(id, false)).toBe(true);
    nowMs += MINUTE_MS;
    expect(await isAlive(id)).toBe(false);
    nowMs -= 59 * MINUTE_MS;
    expect(await isAlive(id), 'for good').toBe(false);
  });

  it('after its lifetime, however much it is used, also when the lifetime is shortened meanwhile', async () => {
    const id = await begin();
    for (let minutes = 0; minutes < 8 * 60 - 30; minutes += 30) {
      nowMs += 30 * MINUTE_MS;
      expect(await isAlive(id)).toBe(true);
    }
    nowMs += 30 * MINUTE_MS;
    expect(await isAlive(id)).toBe(false);
    const other = await begin();
    settings = { ...settings, control: { ...settings.control, session: { idleMs: MINUTE_MS, lifetimeMs: MINUTE_MS } } };
    nowMs += MINUTE_MS;
    expect(await isAlive(other)).toBe(false);
  });

  it.each<[string, Parameters<typeof configure>[0]]>([
    ['the issuer', { issuers: [] }],
    ['the sign-in with it', { signIn: [] }],
    ['the client', { signIn: ['another'] }],
    ['the tenant', { tenants: ['globex'] }],
    ['a role', { roles: [] }],
  ])('B10 when %s is removed from the configuration', async (_name, over) => {
    const id = await begin();
    configure(over);
    expect(await isAlive(id)).toBe(false);
    configure({});
    expect(await isAlive(id), 'for good').toBe(false);
  });

  it('when the issuer ends that session, or all of the person, and of nobody else', async () => {
    const [first, second, other] = [await begin(), await begin({ sid: 's2' }), await begin(DAVE)];
    await store.webSessions.endOf({ issuer: ISSUER, sid: 's1', sub: 'carol' });
    expect([await isAlive(first), await isAlive(second), await isAlive(other)]).toEqual([false, true, true]);
    await store.webSessions.endOf({ issuer: 'https://other.example', sub: 'carol' });
    expect(await isAlive(second)).toBe(true);
    await store.webSessions.endOf({ issuer: ISSUER, sub: 'carol' });
    expect([await isAlive(second), await isAlive(other)]).toEqual([false, true]);
  });

  it('B7 when the person has begun twenty others since', async () => {
    const [first, other] = [await begin(), await begin({ subject: 'dave' })];
    for (let n = 0; n < 19; n++) await begin();
    expect(await isAlive(first)).toBe(true);
    await begin();
    expect([await isAlive(first), await isAlive(other)]).toEqual([false, true]);
  });

  it('a logout token is taken once until it has expired', async () => {
    const take = async (atMs: number): Promise<boolean> => store.webSessions.takeOnce('t', 100, atMs);
    expect([await take(0), await take(99), await take(100)]).toEqual([true, false, true]);
  });
});
