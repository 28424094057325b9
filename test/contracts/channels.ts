/** What every store of channels keeps: one process tells at a time, and nothing is told twice or left out. */
import { describe, expect, it } from 'vitest';
import type { ApprovalStore } from '@sallyport/guard';
import type { ChannelStore } from '../../packages/gateway/src/channels/channel.ts';
import { HOSTILE, opener, type Open } from './opened-port.ts';

export interface ChannelStores {
  readonly channels: ChannelStore;
  readonly approvals: ApprovalStore;
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
  });
}
