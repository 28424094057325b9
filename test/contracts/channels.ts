/** What every store of channels keeps: one process tells at a time, and nothing is told twice or left out. */
import { describe, expect, it } from 'vitest';
import type { ApprovalStore } from '@sallyport/guard';
import type { ChannelStore } from '../../packages/gateway/src/channels/channel.ts';
import type { PeopleStore } from '../../packages/gateway/src/channels/people.ts';
import { HOSTILE, opener, type Open } from './opened-port.ts';

export interface ChannelStores {
  readonly channels: ChannelStore;
  readonly approvals: ApprovalStore;
  readonly people: PeopleStore;
}

const LEASE_MS = 1_000;

export function channelsContract(name: string, open: Open<ChannelStores>): void {
  describe(`channels: ${name}`, () => {
    const start = opener(open);

    it('a new channel begins with what happens next', async () => {
      const { port, clock } = await start();
      const last = await port.approvals.lastEvent();
      expect(await port.channels.claim('slack', 'a', clock.now(), LEASE_MS)).toBe(last);
    });

    it('one process serves a channel until its lease ends', async () => {
      const { opened, port, clock } = await start();
      const beside = (await opened.beside?.()) ?? port;
      expect(await port.channels.claim('slack', 'a', clock.now(), LEASE_MS)).toBeDefined();
      expect(await beside.channels.claim('slack', 'b', clock.now(), LEASE_MS)).toBeUndefined();
      expect(await beside.channels.claim('webhook', 'b', clock.now(), LEASE_MS)).toBeDefined();
      clock.advance(LEASE_MS);
      expect(await beside.channels.claim('slack', 'b', clock.now(), LEASE_MS)).toBeUndefined();
      clock.advance(1);
      expect(await beside.channels.claim('slack', 'b', clock.now(), LEASE_MS)).toBeDefined();
      expect(await port.channels.advance('slack', 'a', 7)).toBe(false);
      expect(await beside.channels.advance('slack', 'b', 7)).toBe(true);
    });

    it('of twenty that claim at once one gets the channel', async () => {
      const { port, clock } = await start();
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, at) => port.channels.claim('slack', `process ${at}`, clock.now(), LEASE_MS)),
      );
      expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    });

    it('a position is kept, never goes back, and outlives a restart', async () => {
      const { opened, port, clock } = await start();
      await port.channels.claim('slack', 'a', clock.now(), LEASE_MS);
      expect(await port.channels.advance('slack', 'a', 9)).toBe(true);
      expect(await port.channels.advance('slack', 'a', 8)).toBe(false);
      const again = (await opened.reopen?.()) ?? port;
      expect(await again.channels.claim('slack', 'a', clock.now(), LEASE_MS)).toBe(9);
    });

    it('what a channel remembers of a request is its own', async () => {
      const { port } = await start();
      for (const text of HOSTILE) {
        await port.channels.keepAddress(text, 'id', `address of ${text}`);
        await port.channels.keepAddress('slack', text, text);
      }
      for (const text of HOSTILE) {
        expect(await port.channels.addressOf(text, 'id')).toBe(`address of ${text}`);
        expect(await port.channels.addressOf('slack', text)).toBe(text);
      }
      await port.channels.keepAddress('slack', 'id', 'first');
      await port.channels.keepAddress('slack', 'id', 'second');
      expect(await port.channels.addressOf('slack', 'id')).toBe('second');
      expect(await port.channels.addressOf('teams', 'id')).toBeUndefined();
    });

    it('a person is found by what the issuer vouched for, in their tenant, as long as it is fresh', async () => {
      const { port } = await start();
      const { people } = port;
      const carol = {
        tenant: 'acme',
        issuer: 'https://i',
        clientId: 'dashboard',
        subject: 'carol',
        claims: { email: 'Carol@acme.example', email_verified: true, oid: 'object', groups: ['finance-leads'] },
        atMs: 1_000,
      };
      await people.remember({ ...carol, atMs: 500, claims: {} });
      await people.remember(carol);
      await people.remember({
        ...carol,
        subject: 'dave',
        claims: { email: 'dave@acme.example', email_verified: false },
      });
      expect(await people.find('acme', { email: 'carol@ACME.example' }, 1_000)).toEqual([carol]);
      expect(await people.find('acme', { objectId: 'object' }, 1_000)).toEqual([carol]);
      expect(await people.find('acme', { issuer: 'https://i', subject: 'carol' }, 1_000)).toEqual([carol]);
      for (const [tenant, who, since] of [
        ['globex', { email: 'carol@acme.example' }, 0],
        ['acme', { email: 'carol@acme.example' }, 1_001],
        ['acme', { email: 'dave@acme.example' }, 0],
        ['acme', { email: '' }, 0],
        ['acme', { objectId: '' }, 0],
        ['acme', { issuer: 'https://j', subject: 'carol' }, 0],
      ] as const)
        expect(await people.find(tenant, who, since)).toEqual([]);
      // U11: a letter that only looks like another one, or whose small form is that one, is another address.
      await people.remember({ ...carol, subject: 'kim', claims: { email: 'Kim@acme.example', email_verified: true } });
      expect(await people.find('acme', { email: 'kIm@acme.example' }, 0)).toHaveLength(1);
      for (const email of ['\u212aim@acme.example', 'k\u0456m@acme.example', 'k\u0131m@acme.example'])
        expect(await people.find('acme', { email }, 0)).toEqual([]);
      // Two with one address: whoever asks must not choose.
      await people.remember({ ...carol, issuer: 'https://j' });
      expect(await people.find('acme', { email: 'carol@acme.example' }, 0)).toHaveLength(2);
      await people.forget(1_001);
      expect(await people.find('acme', { email: 'carol@acme.example' }, 0)).toEqual([]);
    });
  });
}
