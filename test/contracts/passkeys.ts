/** What every store of passkeys keeps: whose each is, how often it signed, and that a challenge is answered once. */
import { describe, expect, it } from 'vitest';
import type { Passkey, PasskeyStore } from '../../packages/gateway/src/passkeys.ts';
import { HOSTILE, opener, type Open } from './opened-port.ts';

const CAROL = { issuer: 'https://i', subject: 'carol' };
const passkeyOf = (id: string, more: Partial<Passkey> = {}): Passkey => ({
  ...CAROL,
  id,
  publicKey: 'cHVibGlj',
  counter: 0,
  transports: ['internal'],
  name: 'Laptop',
  createdAtMs: 1_000,
  usedAtMs: undefined,
  ...more,
});

export function passkeysContract(name: string, open: Open<PasskeyStore>): void {
  describe(`passkeys: ${name}`, () => {
    const start = opener(open);

    it('keeps what it was given, over a restart, for its person alone', async () => {
      const { opened, port } = await start();
      for (const [index, text] of HOSTILE.entries())
        await port.insert(passkeyOf(`k${index}`, { subject: text, name: text }), 10);
      const again = (await opened.reopen?.()) ?? port;
      for (const [index, text] of HOSTILE.entries())
        expect(await again.list({ issuer: 'https://i', subject: text })).toEqual([
          passkeyOf(`k${index}`, { subject: text, name: text }),
        ]);
      expect(await again.list({ issuer: 'https://j', subject: HOSTILE[0] ?? '' })).toEqual([]);
    });

    it('an id is taken once, by whomever, and a person has so many at most, also when many come at once', async () => {
      const { port } = await start();
      expect(await port.insert(passkeyOf('a'), 10)).toBe('inserted');
      expect(await port.insert(passkeyOf('a', { subject: 'mallory' }), 10)).toBe('exists');
      const more = await Promise.all(Array.from({ length: 8 }, (_, at) => port.insert(passkeyOf(`m${at}`), 4)));
      expect(more.filter((one) => one === 'inserted')).toHaveLength(3);
      expect(await port.list(CAROL)).toHaveLength(4);
    });

    it('a counter goes on from what was read, and only once', async () => {
      const { port } = await start();
      await port.insert(passkeyOf('a', { counter: 3 }), 10);
      const used = passkeyOf('a', { counter: 4, usedAtMs: 2_000 });
      const uses = await Promise.all([port.used(used, 3), port.used(used, 3), port.used(used, 3)]);
      expect(uses.filter(Boolean)).toHaveLength(1);
      expect(await port.list(CAROL)).toEqual([used]);
    });

    it('is removed by its person alone', async () => {
      const { port } = await start();
      await port.insert(passkeyOf('a'), 10);
      expect(await port.remove({ ...CAROL, subject: 'mallory' }, 'a')).toBe(false);
      expect(await port.remove(CAROL, 'a')).toBe(true);
      expect(await port.list(CAROL)).toEqual([]);
    });

    it('a challenge is taken once, for what it was made for, before its time is over, in whatever process', async () => {
      const { opened, port } = await start();
      const beside = (await opened.beside?.()) ?? port;
      await port.challenge('c', 'x', 100, 0);
      const taken = await Promise.all([port, beside, port].map((store) => store.takeChallenge('c', 'x', 50)));
      expect(taken.filter(Boolean)).toHaveLength(1);
      await port.challenge('d', 'x', 100, 0);
      expect(await port.takeChallenge('d', 'y', 50)).toBe(false);
      // Whoever answered it for something else has used it up.
      expect(await port.takeChallenge('d', 'x', 50)).toBe(false);
      await port.challenge('e', 'x', 100, 0);
      expect(await port.takeChallenge('e', 'x', 100)).toBe(false);
      expect(await port.takeChallenge('unknown', 'x', 0)).toBe(false);
    });
  });
}
