import { expect, it } from 'vitest';
import { serverSettings, httpTransport } from '../testing/harness.mts';
import { sessionToEvict } from './caps.ts';
import type { ServerSettings } from '../../snapshot.ts';
import type { Owner, UpstreamSession } from './session.ts';

const settingsOf = (sessions: Partial<ServerSettings['sessions']> = {}): ServerSettings =>
  serverSettings('s', httpTransport('http://127.0.0.1:1'), {
    sessions: { max: 64, maxPerPrincipal: 8, idleMs: 60_000, ...sessions },
  });
const settings = settingsOf();
const owner = (user: string, client: string, tenant: string): Owner => ({
  principal: `${user} ${client} ${tenant}` as Owner['principal'],
  user: `${user} of ${tenant}`,
  tenant,
  session: '-',
  isGateway: false,
});

/** Sessions that are in use, as many as each owner gets. */
function takenBy(owners: readonly Owner[], settings = settingsOf()): UpstreamSession[] {
  const sessions: UpstreamSession[] = [];
  for (const each of owners)
    try {
      expect(sessionToEvict(settings, each, sessions, [])).toBeUndefined();
      sessions.push({ settings, owner: each, useCount: 1 } as UpstreamSession);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'rate_limited' });
    }
  return sessions;
}

const ownersOf = (sessions: readonly UpstreamSession[]): readonly Owner[] =>
  sessions.flatMap(({ owner: each }) => each ?? []);

it('B7 a user with eight client ids has the share of one user', () => {
  const owners = Array.from({ length: 64 }, (_, at) => owner('alice', `client ${at % 8}`, 'acme'));
  expect(takenBy(owners)).toHaveLength(8);
});

const usersOf = (tenant: string, count: number): readonly Owner[] =>
  Array.from({ length: count }, (_, at) => owner(`user ${at}`, 'client', tenant));

it('B7 a tenant with many users leaves sessions to other tenants, as of everything that is shared', () => {
  const taken = takenBy(usersOf('acme', 200));
  expect(taken).toHaveLength(42);
  const others = ['globex', 'initech'].map(
    (tenant) => takenBy([...ownersOf(taken), ...usersOf(tenant, 50)]).length - 42,
  );
  for (const count of others) expect(count).toBeGreaterThan(10);
  const all = takenBy(['acme', 'globex', 'initech'].flatMap((tenant) => usersOf(tenant, 50)));
  expect(takenBy([...ownersOf(all), owner('first', 'c', 'umbrella')])).toHaveLength(all.length + 1);
});

it('B7 a tenant may be held below its share', () => {
  expect(takenBy(usersOf('acme', 200), settingsOf({ maxPerTenant: 5 }))).toHaveLength(5);
});

it('B7 a user of a tenant that has much in use is refused before the last session is taken', () => {
  const taken = takenBy(usersOf('acme', 40));
  const greedy = takenBy([...ownersOf(taken), ...Array.from({ length: 8 }, () => owner('user 0', 'c', 'acme'))]);
  expect(greedy.length).toBeLessThan(44);
});

it('sessions that nobody uses make way: the own first, then those of the tenant, then others', () => {
  const sessions = takenBy([...usersOf('acme', 42), ...usersOf('globex', 8)]);
  const idle = (session: UpstreamSession | undefined, lastUsedAtMs: number): void =>
    void Object.assign(session as object, { useCount: 0, lastUsedAtMs });
  const next = (who: Owner): UpstreamSession | undefined => sessionToEvict(settings, who, sessions, []);
  const late = owner('late', 'c', 'acme');
  expect(() => next(late)).toThrow('Too many connections of this tenant to this server are in use.');
  idle(sessions[45], 1);
  // Its tenant has its whole share in use, so it takes no session of another one.
  expect(() => next(late)).toThrow('of this tenant');
  idle(sessions[7], 9);
  expect(next(late)).toBe(sessions[7]);
  idle(sessions[3], 8);
  expect(next(late)).toBe(sessions[3]);
  expect(next(owner('user 7', 'c', 'acme'))).toBe(sessions[3]);
});

it('B7 somebody within its share takes the place of what nobody uses, also of another tenant', () => {
  const sessions = takenBy([...usersOf('acme', 40), ...usersOf('globex', 9)]);
  for (const [at, session] of sessions.entries())
    if (at < 40) Object.assign(session, { useCount: 0, lastUsedAtMs: at });
  const busy = takenBy([...ownersOf(sessions), ...usersOf('globex', 8)]);
  for (const [at, session] of busy.entries()) if (at < 40) Object.assign(session, { useCount: 0, lastUsedAtMs: at });
  expect(sessionToEvict(settings, owner('user 0', 'd', 'globex'), busy, [])).toBe(busy[0]);
});

it('what is being opened counts, and the session of the gateway does not', () => {
  const full = settingsOf({ max: 1, maxPerPrincipal: 1 });
  const gateway: Owner = { ...owner('-', '-', '_'), isGateway: true };
  const own = { settings: full, owner: gateway, useCount: 0, lastUsedAtMs: 0 } as UpstreamSession;
  expect(sessionToEvict(full, gateway, [own], [])).toBeUndefined();
  expect(sessionToEvict(full, owner('alice', 'c', 'acme'), [own], [])).toBeUndefined();
  const opening = { server: 's', owner: owner('bob', 'c', 'acme'), session: new Promise<never>(() => {}) };
  expect(() => sessionToEvict(full, owner('alice', 'c', 'acme'), [], [opening])).toThrow('of everybody');
});

it('B7 users of the same name in two tenants are two', () => {
  const owners = ['acme', 'globex'].flatMap((tenant) => Array.from({ length: 9 }, () => owner('alice', 'c', tenant)));
  expect(takenBy(owners)).toHaveLength(16);
});
