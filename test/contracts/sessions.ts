/** What every session directory promises: an ended session stays ended for as long as it could still be presented. */
import { describe, expect, it } from 'vitest';
import type { SessionDirectory } from '@sallyport/guard';
import { HOSTILE, hundred, opener, type Open } from './opened-port.ts';

export function sessionsContract(name: string, open: Open<SessionDirectory>): void {
  const fresh = opener<SessionDirectory, Awaited<ReturnType<typeof open>>>(open);

  describe(`${name} is a session directory`, () => {
    it('A18 reports no session as ended that was not, whatever its id', async () => {
      const { port } = await fresh();
      for (const id of ['', ...HOSTILE]) expect([id, await port.ended(id)]).toEqual([id, false]);
    });

    it('J1 ends exactly the given session', async () => {
      const { port, clock } = await fresh();
      for (const [at, id] of HOSTILE.entries()) {
        expect([id, await port.ended(id)]).toEqual([id, false]);
        await port.end(id, clock.now() + 1_000 + at);
        expect([id, await port.ended(id)]).toEqual([id, true]);
      }
    });

    it('remembers an ended session until the millisecond before it expires, whatever else ends meanwhile', async () => {
      const { port, clock } = await fresh();
      await port.end('long', clock.now() + 10_000_000);
      await port.end('short', clock.now() + 1_000);
      clock.advance(999);
      await port.end('other', clock.now() + 1);
      expect([await port.ended('long'), await port.ended('short'), await port.ended('other')]).toEqual([
        true,
        true,
        true,
      ]);
      clock.advance(9_999_000);
      await port.end('yet another', clock.now() + 1_000);
      expect(await port.ended('long')).toBe(true);
    });

    it('keeps a session ended when it is ended again, also with an earlier expiry', async () => {
      const { opened, port, clock } = await fresh();
      await port.end('s', clock.now() + 10_000_000);
      await port.end('s', clock.now() + 1);
      clock.advance(9_999_999);
      await port.end('other', clock.now() + 1_000);
      expect(await port.ended('s')).toBe(true);
      if (opened.reopen !== undefined) expect(await (await opened.reopen()).ended('s')).toBe(true);
    });

    it('ends each of 100 sessions at once', async () => {
      const { port, clock } = await fresh();
      await hundred((at) => port.end(`s${at}`, clock.now() + 1_000));
      expect(await hundred((at) => port.ended(`s${at}`))).toEqual(Array.from({ length: 100 }, () => true));
    });

    it('D2 forgets expired sessions, so that it stays bounded', async () => {
      const { port, clock } = await fresh();
      await port.end('the one that lives longest', clock.now() + 3_600_001);
      await hundred((at) => port.end(`s${at}`, clock.now() + 1_000));
      clock.advance(3_600_000);
      await port.end('a later one', clock.now() + 1_000);
      expect((await hundred((at) => port.ended(`s${at}`))).filter(Boolean)).toEqual([]);
      expect(await port.ended('the one that lives longest')).toBe(true);
    });

    it('ends the sessions that an earlier process held, and no others', async () => {
      const { opened, port, clock } = await fresh();
      const expiresAtMs = clock.now() + 10_000;
      for (const id of HOSTILE) await port.hold(id, expiresAtMs);
      await port.hold(HOSTILE[0] ?? '', expiresAtMs);
      await port.hold('gone', clock.now() + 1);
      for (const id of HOSTILE) expect([id, await port.ended(id)]).toEqual([id, false]);
      if (opened.reopen === undefined) return;
      clock.advance(1);
      const again = await opened.reopen();
      expect(await again.ended(HOSTILE[0] ?? ''), 'only a gateway that starts ends them').toBe(false);
      await again.hold('new', expiresAtMs);
      await again.endHeld();
      for (const id of [...HOSTILE, 'new']) expect([id, await again.ended(id)]).toEqual([id, true]);
      expect([await again.ended('gone'), await again.ended('another')]).toEqual([false, false]);
      const later = await opened.reopen();
      await later.endHeld();
      expect(await later.ended(HOSTILE[0] ?? ''), 'for as long as it could be presented').toBe(true);
    });

    it('keeps sessions ended over a restart, and reads back no expired ones', async () => {
      const { opened, port, clock } = await fresh();
      if (opened.reopen === undefined) return;
      await port.end('kept', clock.now() + 1_000);
      await port.end('gone', clock.now() + 999);
      clock.advance(999);
      const again = await opened.reopen();
      expect([await again.ended('kept'), await again.ended('gone')]).toEqual([true, false]);
    });
  });
}
