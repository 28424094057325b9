/** What every store of browser sessions promises: a session until it ends, and a few of each person. */
import { describe, expect, it } from 'vitest';
import type { WebSession, WebSessionStore } from '../../packages/gateway/src/web-sessions.ts';
import { HOSTILE, hundred, opener, type Open } from './opened-port.ts';

const session = (idHash: string, fields: Partial<WebSession> = {}): WebSession => ({
  idHash,
  issuer: 'https://i',
  subject: 'carol',
  clientId: 'dashboard',
  tenant: 'acme',
  claims: { email: 'carol@acme.example', groups: ['finance'] },
  roles: 'approver',
  csrfToken: 'token',
  authTimeMs: 1,
  acr: 'phr',
  sid: 'sid',
  createdAtMs: 2,
  lastSeenAtMs: 3,
  expiresAtMs: 1_000,
  ...fields,
});

export function webSessionsContract(name: string, open: Open<WebSessionStore>): void {
  const fresh = opener<WebSessionStore, Awaited<ReturnType<typeof open>>>(open);
  const found = async (port: WebSessionStore, ids: readonly string[]): Promise<string[]> => {
    const all = await Promise.all(ids.map((id) => port.find(id)));
    return all.flatMap((one) => (one === undefined ? [] : [one.idHash]));
  };

  describe(`${name} is a store of browser sessions`, () => {
    it('returns every field as it was stored, also to another process and after a restart', async () => {
      const { opened, port } = await fresh();
      const bare = session('bare', { acr: undefined, sid: undefined, claims: {} });
      for (const one of [session('full'), bare]) await port.insert(one, 9, 0);
      const other = (await opened.beside?.()) ?? port;
      expect([await other.find('full'), await other.find('bare')]).toEqual([session('full'), bare]);
      await other.seen('full', 9);
      await other.seen('full', 8);
      const again = (await opened.reopen?.()) ?? port;
      expect(await again.find('full')).toEqual(session('full', { lastSeenAtMs: 9 }));
    });

    it('J1 finds and ends exactly the given session', async () => {
      const { port } = await fresh();
      for (const [at, id] of HOSTILE.entries()) await port.insert(session(id, { subject: `p${at}` }), 9, 0);
      for (const id of ['', 'another']) expect(await port.find(id)).toBeUndefined();
      const [first = '', ...others] = HOSTILE;
      await port.end(first);
      expect(await found(port, HOSTILE)).toEqual(others);
    });

    it('B10 keeps the newest sessions of a person, and none that has expired', async () => {
      const { port } = await fresh();
      await port.insert(session('of dave', { subject: 'dave' }), 2, 0);
      await port.insert(session('other issuer', { issuer: 'https://j' }), 2, 0);
      for (const id of ['a', 'b', 'c']) await port.insert(session(id), 2, 0);
      expect(await found(port, ['a', 'b', 'c', 'of dave', 'other issuer'])).toEqual([
        'b',
        'c',
        'of dave',
        'other issuer',
      ]);
      await port.insert(session('later', { expiresAtMs: 2_000 }), 2, 1_000);
      expect(await found(port, ['b', 'c', 'of dave', 'later'])).toEqual(['later']);
    });

    it('B10 a logout ends the sessions that it means', async () => {
      const { port } = await fresh();
      const all = ['s1', 's2', 'no sid', 'dave', 'other'];
      await port.insert(session('s1', { sid: 's1' }), 9, 0);
      await port.insert(session('s2', { sid: 's2' }), 9, 0);
      await port.insert(session('no sid', { sid: undefined }), 9, 0);
      await port.insert(session('dave', { subject: 'dave', sid: 's3' }), 9, 0);
      await port.insert(session('other', { issuer: 'https://j', sid: 's1' }), 9, 0);
      await port.endOf({ issuer: 'https://i', sid: 's3' });
      expect(await found(port, all)).toEqual(['s1', 's2', 'no sid', 'other']);
      await port.endOf({ issuer: 'https://i', sub: 'carol', sid: 's1' });
      expect(await found(port, all)).toEqual(['s2', 'other']);
      await port.endOf({ issuer: 'https://i', sub: 'carol' });
      expect(await found(port, all)).toEqual(['other']);
    });

    it('B10 P17 a logout names somebody by sub, whichever claim is the subject', async () => {
      const { port } = await fresh();
      const all = ['mail', 'mail 2', 'other', 'named so'];
      const mail = { subject: 'carol@acme.example', claims: { sub: '00u1' } };
      await port.insert(session('mail', { ...mail, sid: 's1' }), 9, 0);
      await port.insert(session('mail 2', { ...mail, sid: undefined }), 9, 0);
      await port.insert(session('other', { subject: 'dave@acme.example', claims: { sub: '00u2' }, sid: 's1' }), 9, 0);
      await port.insert(session('named so', { subject: '00u1', claims: { sub: '00u3' }, sid: 's1' }), 9, 0);
      await port.endOf({ issuer: 'https://i', sub: 'carol@acme.example' });
      expect(await found(port, all)).toEqual(all);
      await port.endOf({ issuer: 'https://i', sub: '00u1', sid: 's2' });
      expect(await found(port, all)).toEqual(['mail', 'other', 'named so']);
      await port.endOf({ issuer: 'https://i', sub: '00u1' });
      expect(await found(port, all)).toEqual(['other', 'named so']);
    });

    it('B10 a text is taken once until it expires, in all processes', async () => {
      const { opened, port } = await fresh();
      const other = (await opened.beside?.()) ?? port;
      const long = 'x'.repeat(10_000);
      const taken = await hundred((at) => (at % 2 === 0 ? port : other).takeOnce(long, 100, 0));
      expect(taken.filter(Boolean)).toHaveLength(1);
      expect([await port.takeOnce(long, 100, 99), await port.takeOnce(`${long}y`, 100, 99)]).toEqual([false, true]);
      expect(await other.takeOnce(long, 200, 100)).toBe(true);
    });
  });
}
