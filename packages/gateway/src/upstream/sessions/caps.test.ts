import { expect, it } from 'vitest';
import { serverSettings, httpTransport } from '../testing/harness.mts';
import { sessionToEvict } from './caps.ts';
import type { Owner, UpstreamSession } from './session.ts';

const settings = serverSettings('s', httpTransport('http://127.0.0.1:1'), {
  sessions: { max: 64, maxPerPrincipal: 8, maxPerTenant: 48, idleMs: 60_000 },
});
const owner = (user: string, client: string, tenant: string): Owner => ({
  principal: `${user} ${client} ${tenant}` as Owner['principal'],
  user: `${user} of ${tenant}`,
  tenant,
  session: '-',
  isGateway: false,
});

/** Sessions that are in use, as many as each owner gets. */
function takenBy(owners: readonly Owner[]): UpstreamSession[] {
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

it('B7 a user with eight client ids has the share of one user', () => {
  const owners = Array.from({ length: 64 }, (_, at) => owner('alice', `client ${at % 8}`, 'acme'));
  expect(takenBy(owners)).toHaveLength(8);
});

it('B7 a tenant with many users leaves sessions to other tenants', () => {
  const owners = Array.from({ length: 200 }, (_, at) => owner(`user ${at}`, 'client', 'acme'));
  const taken = takenBy(owners);
  expect(taken).toHaveLength(48);
  expect(sessionToEvict(settings, owner('carol', 'client', 'globex'), taken, [])).toBeUndefined();
});

it('B7 users of the same name in two tenants are two', () => {
  const owners = ['acme', 'globex'].flatMap((tenant) => Array.from({ length: 9 }, () => owner('alice', 'c', tenant)));
  expect(takenBy(owners)).toHaveLength(16);
});
