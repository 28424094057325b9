/** What every approval store promises: a yes is for one digest, once, until it expires, and never from who asked. */
import { describe, expect, it } from 'vitest';
import type { ApprovalRequest, Approvals, ApprovalState } from '@sallyport/guard';
import { personOf, requestOf, says } from '../../packages/guard/src/approvals/testing.mts';
import { approvalsHistoryContract } from './approvals-history.ts';
import { HOSTILE, hundred, opener, type Open, type Opened } from './opened-port.ts';

/** A person who decides. */
export interface Decider {
  readonly issuer: string;
  readonly subject: string;
}

export interface OpenedApprovals extends Opened<Approvals> {
  /** How many requests of one principal may wait. */
  readonly pendingMax: number;
  /** How many through one agent. */
  readonly agentPendingMax: number;
  /** How many of one tenant. */
  readonly tenantPendingMax: number;
}

const BOB: Decider = { issuer: 'https://i', subject: 'bob' };

const question = (digest: string, key = 'alice'): ApprovalRequest =>
  // Other arguments for each digest, as in real requests.
  requestOf({
    digest,
    ttlMs: 1_000,
    requester: { ...BOB, subject: key },
    agent: { clientId: key === 'alice' ? 'desk-agent' : `agent of ${key}`, actors: ['bot', 'broker'] },
    arguments: { digest },
  });

export function approvalsContract(name: string, open: Open<Approvals, OpenedApprovals>): void {
  const fresh = opener<Approvals, OpenedApprovals>(open);
  const bench = async () => {
    const { opened, port, clock } = await fresh();
    const ask = async (digest: string, key?: string): Promise<ApprovalState> => port.consume(question(digest, key));
    const file = async (digest: string, key?: string): Promise<string> => {
      const state = await ask(digest, key);
      if (state.state !== 'pending') throw new Error(`${state.state} instead of pending`);
      return state.id;
    };
    const decide = async (id: string, by = BOB, answer: 'approve' | 'deny' = 'approve') =>
      port.decide('acme', id, says(personOf(by.subject, { issuer: by.issuer }), answer));
    return { opened, clock, ask, file, decide };
  };

  describe(`${name} keeps approvals`, () => {
    it('U4 of 100 parallel consumes of one approval exactly one succeeds', async () => {
      const { file, decide, ask } = await bench();
      const id = await file('d');
      await decide(id);
      const states = await hundred(() => ask('d'));
      const approved = states.filter(({ state }) => state === 'approved');
      expect(approved).toEqual([{ state: 'approved', approval: { id, approvers: [BOB] } }]);
      expect(states.filter(({ state }) => state === 'pending')).toHaveLength(99);
    });

    it('U4 100 parallel requests for one digest are one request, and 100 approvals one approval', async () => {
      const { ask, decide } = await bench();
      const ids = new Set(
        (await hundred(() => ask('d'))).map((state) => (state.state === 'pending' ? state.id : state.state)),
      );
      expect(ids.size).toBe(1);
      const decided = await Promise.allSettled(Array.from({ length: 100 }, () => decide([...ids][0] as string)));
      expect(decided.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await hundred(() => ask('d'))).filter(({ state }) => state === 'approved')).toHaveLength(1);
    });

    it('U4 after an approval is consumed the same call asks again, under another id', async () => {
      const { file, decide, ask } = await bench();
      const id = await file('d');
      await decide(id);
      expect((await ask('d')).state).toBe('approved');
      expect(await file('d')).not.toBe(id);
      await expect(decide(id)).rejects.toThrow();
    });

    it('U1 an approval of one digest does not approve another', async () => {
      const { file, decide, ask } = await bench();
      await decide(await file('d'));
      for (const other of ['D', 'd ', 'd0', '', 'dd']) expect((await ask(other)).state).toBe('pending');
      expect((await ask('d')).state).toBe('approved');
    });

    it('U5 every alias of the requester is refused: the user, each actor, the agent itself', async () => {
      const { file, decide, ask } = await bench();
      const id = await file('d');
      for (const subject of ['alice', 'bot', 'broker', 'desk-agent']) {
        await expect(decide(id, { issuer: 'https://i', subject }), subject).rejects.toMatchObject({
          code: 'not_permitted',
        });
        await expect(decide(id, { issuer: 'https://i', subject }, 'deny'), subject).rejects.toMatchObject({
          code: 'not_permitted',
        });
      }
      expect((await ask('d')).state).toBe('pending');
      const elsewhere = decide(id, { issuer: 'https://other', subject: 'alice' });
      await expect(elsewhere, 'under another issuer').rejects.toMatchObject({ code: 'not_permitted' });
      await decide(id);
      expect((await ask('d')).state).toBe('approved');
    });

    it('U6 an approval is valid until the millisecond before it expires', async () => {
      const { file, decide, ask, clock } = await bench();
      await decide(await file('d'));
      clock.advance(999);
      expect((await ask('d')).state).toBe('approved');
    });

    it('U6 at the millisecond it expires an approval is no longer valid, and cannot be given', async () => {
      const { opened, file, decide, clock } = await bench();
      const [given, asked] = [await file('given'), await file('asked')];
      await decide(given);
      clock.advance(1_000);
      await expect(decide(asked)).rejects.toMatchObject({ code: 'not_found' });
      for (const digest of ['given', 'asked'])
        expect((await opened.port.consume(question(digest))).state).toBe('pending');
    });

    it('U6 asking again does not extend a request', async () => {
      const { opened, file, decide, clock } = await bench();
      const id = await file('d');
      await decide(id);
      clock.advance(1_000);
      expect((await opened.port.consume(question('d'))).state).toBe('pending');
      const again = await opened.port.consume(question('e'));
      clock.advance(500);
      await opened.port.consume(question('e'));
      clock.advance(500);
      await expect(decide(again.state === 'pending' ? again.id : '')).rejects.toMatchObject({ code: 'not_found' });
    });

    it('a denial stays until it expires, and cannot become an approval', async () => {
      const { file, decide, ask, clock, opened } = await bench();
      const id = await file('d');
      await decide(id, BOB, 'deny');
      expect(await ask('d')).toEqual({ state: 'refused', id, reason: undefined });
      await expect(decide(id)).rejects.toMatchObject({ code: 'not_found' });
      expect(await hundred(() => ask('d'))).toEqual(
        Array.from({ length: 100 }, () => ({ state: 'refused', id, reason: undefined })),
      );
      clock.advance(999);
      expect((await ask('d')).state).toBe('refused');
      clock.advance(1);
      expect((await opened.port.consume(question('d'))).state).toBe('pending');
    });

    it('an approval cannot become a denial, nor be given twice', async () => {
      const { file, decide, ask } = await bench();
      const id = await file('d');
      await decide(id);
      await expect(decide(id, BOB, 'deny')).rejects.toMatchObject({ code: 'not_found' });
      await expect(decide(id)).rejects.toMatchObject({ code: 'not_found' });
      expect((await ask('d')).state).toBe('approved');
    });

    it('U14 an id that is not pending is not found, and ids cannot be guessed', async () => {
      const { file, decide } = await bench();
      const ids = await hundred((at) => file(`d${at}`, `user ${at}`));
      expect(new Set(ids).size).toBe(100);
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32,}$/);
      for (const id of [...HOSTILE, '', 'd0'])
        await expect(decide(id), id).rejects.toMatchObject({ code: 'not_found' });
    });

    it('U7 one principal has a bounded number of pending requests, apart from those of others', async () => {
      const { opened, file, ask, decide, clock } = await bench();
      const ids: string[] = [];
      for (let at = 0; at < opened.pendingMax; at++) ids.push(await file(`d${at}`));
      await expect(ask('one more')).rejects.toMatchObject({ code: 'rate_limited' });
      expect((await ask('d0')).state, 'what already waits is found').toBe('pending');
      expect((await ask('another principal', 'carol')).state).toBe('pending');
      await decide(ids[0] as string);
      expect((await ask('one more')).state, 'what was decided waits no more').toBe('pending');
      clock.advance(1_000);
      const later = await hundred(async (at) => {
        try {
          await opened.port.consume(question(`later ${at}`));
          return 1;
        } catch {
          return 0;
        }
      });
      expect(
        later.reduce<number>((sum, one) => sum + one, 0),
        'what expired makes room, for the cap and no more',
      ).toBe(opened.pendingMax);
    });

    it('U16 pending requests survive a restart of a persistent store', async () => {
      const { opened, file } = await bench();
      if (opened.reopen === undefined) return;
      const id = await file('d');
      const reopened = await opened.reopen();
      expect(await reopened.consume(question('d'))).toEqual({ state: 'pending', id, because: undefined });
    });
  });

  approvalsHistoryContract(name, fresh);
}
