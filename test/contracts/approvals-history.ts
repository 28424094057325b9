/** What every approval store promises over time: events, expiry, pages, limits, and other processes beside it. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ApprovalEvent, ApprovalRequest, Approvals, FiledApproval } from '@sallyport/guard';
import { personOf, requestOf, says } from '../../packages/guard/src/approvals/testing.mts';
import type { OpenedApprovals } from './approvals.ts';
import type { ManualClock } from './opened-port.ts';

const TTL_MS = 1_000;
const DAY_MS = 86_400_000;

const request = (digest: string, changes: Partial<ApprovalRequest> = {}): ApprovalRequest =>
  requestOf({ digest, ttlMs: TTL_MS, arguments: { digest }, ...changes });
const by = (subject: string): Partial<ApprovalRequest> => ({ requester: { issuer: 'https://i', subject } });

async function file(approvals: Approvals, digest: string, changes?: Partial<ApprovalRequest>): Promise<string> {
  const state = await approvals.consume(request(digest, changes));
  if (state.state !== 'pending') throw new Error(`${state.state} instead of pending`);
  return state.id;
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );

export function approvalsHistoryContract(
  name: string,
  fresh: () => Promise<{ readonly opened: OpenedApprovals; readonly port: Approvals; readonly clock: ManualClock }>,
): void {
  /** The same state once more: as another process sees it, where the version has that. */
  const two = async () => {
    const { opened, port, clock } = await fresh();
    // Clocks that are never set back have fractions.
    clock.advance(0.25);
    return { port, other: (await opened.beside?.()) ?? port, clock };
  };

  describe(`${name}: what happens to requests`, () => {
    it('U4 50 people decide at once, in two processes: one decision, and one event of it', async () => {
      const { port, other } = await two();
      const id = await file(port, 'd');
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, at) =>
          codeOf(
            (at % 2 === 0 ? port : other).decide('acme', id, says(personOf(`p${at}`), at % 3 ? 'approve' : 'deny')),
          ),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
      expect(new Set(outcomes)).toEqual(new Set(['done', 'not_found']));
      expect((await other.show('acme', id)).decisions).toHaveLength(1);
    });

    it('B7 is kept where an agent has a name of 10,000 characters, and a user the longest that there may be', async () => {
      const { port, other } = await two();
      // Random, because a database makes other texts shorter before it puts them into an index.
      const random = (length: number): string => randomBytes(length).toString('base64').slice(0, length);
      const requester = { issuer: 'https://i', subject: random(1_020) };
      const long = { requester, agent: { clientId: random(10_000), actors: [random(10_000)] }, tool: random(10_000) };
      const id = await file(port, 'd', long);
      expect(await other.list({ tenant: 'acme', requester })).toMatchObject([{ id, ...long }]);
      await port.decide('acme', id, says(personOf('bob')));
      expect((await other.consume(request('d', long))).state).toBe('approved');
    });

    it('U4 100 consumes at once, in two processes: exactly one', async () => {
      const { port, other } = await two();
      await port.decide('acme', await file(other, 'd'), says(personOf('bob')));
      const states = await Promise.all(
        Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? port : other).consume(request('d'))),
      );
      expect(states.filter(({ state }) => state === 'approved')).toHaveLength(1);
    });

    it('every process hears of every change, once and in order', async () => {
      const { port, other, clock } = await two();
      const heard: [ApprovalEvent[], ApprovalEvent[]] = [[], []];
      await port.poll();
      await other.poll();
      port.subscribe((event) => heard[0].push(event));
      other.subscribe((event) => heard[1].push(event));
      const used = await file(port, 'used');
      await other.decide('acme', used, says(personOf('bob')));
      await port.consume(request('used'));
      await other.executed('acme', used, 'finished');
      const gone = await file(other, 'gone');
      await port.withdraw('acme', gone, personOf('alice'));
      const late = await file(port, 'late');
      clock.advance(TTL_MS);
      await other.sweep();
      await port.poll();
      await port.poll();
      const expected = [
        [used, 'filed'],
        [used, 'decided'],
        [used, 'consumed'],
        [used, 'executed'],
        [gone, 'filed'],
        [gone, 'withdrawn'],
        [late, 'filed'],
        [late, 'expired'],
      ];
      for (const events of heard) expect(events.map(({ id, kind }) => [id, kind])).toEqual(expected);
      expect(heard[0]).toEqual(heard[1]);
    });

    it('U6 what has expired is so before and after it is noted, and it is noted once', async () => {
      const { port, other, clock } = await two();
      const events: string[] = [];
      await port.poll();
      port.subscribe(({ kind }) => events.push(kind));
      const id = await file(port, 'd');
      clock.advance(TTL_MS - 1);
      expect((await port.show('acme', id)).status).toBe('pending');
      clock.advance(1);
      const seen = async () => [
        (await other.show('acme', id)).status,
        (await other.list({ status: 'expired' })).map((filed) => filed.id),
        (await other.list({ status: 'pending' })).length + (await other.count({ status: 'open' })),
      ];
      expect(await seen()).toEqual(['expired', [id], 0]);
      await Promise.all([port.sweep(), other.sweep(), port.sweep()]);
      await port.poll();
      expect(await seen()).toEqual(['expired', [id], 0]);
      expect(events.filter((kind) => kind === 'expired')).toEqual(['expired']);
      expect(await codeOf(port.decide('acme', id, says(personOf('bob'))))).toBe('not_found');
    });

    it('U6 a clock that was set back by a day makes no approval valid again', async () => {
      const { port, clock } = await two();
      await port.decide('acme', await file(port, 'd'), says(personOf('bob')));
      clock.advance(-DAY_MS);
      expect((await port.consume(request('d'))).state).toBe('pending');
    });

    it('people are reminded once of what still waits when three quarters of the time are over', async () => {
      const { port, other, clock } = await two();
      const reminders: string[] = [];
      await port.poll();
      port.subscribe(({ kind, id }) => void (kind === 'reminder' && reminders.push(id)));
      const waits = await file(port, 'waits');
      await port.decide('acme', await file(port, 'decided'), says(personOf('bob')));
      clock.advance(TTL_MS * 0.75 - 1);
      await port.sweep();
      expect(reminders).toEqual([]);
      clock.advance(1);
      for (let round = 0; round < 3; round++) await Promise.all([port.sweep(), other.sweep()]);
      await port.poll();
      expect(reminders).toEqual([waits]);
      expect((await port.show('acme', waits)).version, 'a decision that was read before still fits').toBe(1);
    });

    it('U2 what was filed by other rules is ended, and asked again, whether it waits or is approved', async () => {
      const { port, other } = await two();
      const first = await file(port, 'd', { rules: 'a' });
      expect(await other.consume(request('d', { rules: 'a' }))).toMatchObject({ state: 'pending', id: first });
      const asked = await other.consume(request('d', { rules: 'b' }));
      expect(asked).toMatchObject({ state: 'pending', because: 'The rules for approvals changed since then.' });
      expect(await port.show('acme', first)).toMatchObject({ status: 'superseded' });
      const second = 'id' in asked ? asked.id : '';
      await port.decide('acme', second, says(personOf('bob')));
      expect((await other.consume(request('d', { rules: 'c' }))).state).toBe('pending');
      expect((await port.show('acme', second)).status).toBe('superseded');
      const named = await file(port, 'e', { rules: 'a' });
      expect(await other.consume(request('e', { rules: 'b', only: named }))).toMatchObject({ state: 'ended' });
      const denied = await file(port, 'f', { rules: 'a' });
      await port.decide('acme', denied, says(personOf('bob'), 'deny'));
      expect((await port.consume(request('f', { rules: 'b' }))).state, 'a no stands').toBe('refused');
    });

    it('U2 a request is ended when what it is for changes, and whoever would decide is told', async () => {
      const { port, other } = await two();
      const [stays, waits, approved] = [await file(port, 'a'), await file(port, 'b'), await file(port, 'c')];
      await port.decide('acme', approved, says(personOf('bob')));
      await other.endOutdated(({ digest }) => (digest === 'a' ? undefined : 'It changed.'));
      expect((await port.show('acme', stays)).status).toBe('pending');
      for (const id of [waits, approved])
        expect(await port.show('acme', id)).toMatchObject({ status: 'superseded', endedBecause: 'It changed.' });
      expect(await codeOf(port.decide('acme', waits, says(personOf('bob'))))).toBe('not_found');
    });

    it('U16 a consumed approval says `unknown` until the call has ended, and is never used again', async () => {
      const { port, other } = await two();
      const id = await file(port, 'd');
      await port.decide('acme', id, says(personOf('bob')));
      await port.consume(request('d'));
      expect(await other.show('acme', id)).toMatchObject({ status: 'consumed', execution: 'unknown' });
      expect(await file(other, 'd')).not.toBe(id);
      await port.executed('acme', id, 'finished');
      await port.executed('acme', id, 'failed');
      expect((await other.show('acme', id)).execution).toBe('finished');
    });

    it('what ended is found for 30 days, by state, and then forgotten', async () => {
      const { port, clock } = await two();
      const ids = [await file(port, 'a'), await file(port, 'b'), await file(port, 'c')];
      await port.decide('acme', ids[0] as string, says(personOf('bob'), 'deny'));
      await port.withdraw('acme', ids[1] as string, personOf('alice'));
      await port.decide('acme', ids[2] as string, says(personOf('bob')));
      await port.consume(request('c'));
      clock.advance(29 * DAY_MS);
      await port.sweep();
      const stored = async () =>
        Object.fromEntries(
          await Promise.all(
            (['denied', 'withdrawn', 'consumed'] as const).map(async (status) => [
              status,
              (await port.list({ tenant: 'acme', status })).map(({ id }) => ids.indexOf(id)),
            ]),
          ),
        ) as unknown;
      expect(await stored()).toEqual({ denied: [0], withdrawn: [1], consumed: [2] });
      clock.advance(2 * DAY_MS);
      await port.sweep();
      expect(await stored()).toEqual({ denied: [], withdrawn: [], consumed: [] });
    });
  });

  describe(`${name}: how much may wait`, () => {
    it('pending requests come in pages, also when more arrive and some are decided meanwhile', async () => {
      const { port, clock } = await two();
      const filed: string[] = [];
      for (let at = 0; at < 60; at++) {
        const changes = { ...by(`u${at}`), agent: { clientId: `a${at}`, actors: [] }, server: `s${at % 2}` };
        filed.push(await file(port, `d${at}`, { ...changes, ttlMs: DAY_MS }));
        if (at % 3 === 1) clock.advance(1);
      }
      const seen: FiledApproval[] = [];
      for (;;) {
        const after = seen.at(-1);
        const page = await port.list({ tenant: 'acme', status: 'pending' }, { limit: 7, ...(after && { after }) });
        seen.push(...page);
        if (page.length < 7) break;
        await port.decide('acme', page[0]?.id ?? '', says(personOf('bob')));
        if (seen.length === 7) clock.advance(1);
        if (seen.length === 7) filed.push(await file(port, 'late', { ...by('late'), ttlMs: DAY_MS }));
      }
      expect(seen.map(({ id }) => id).toSorted()).toEqual(filed.toSorted());
      const newest = await port.list({ server: 's1', tool: 'pay' }, { limit: 1, order: 'newest' });
      expect(newest.map(({ arguments: sent }) => sent['digest'])).toEqual(['d59']);
    });

    it('U7 one agent has a bounded number of pending requests, whoever its users are', async () => {
      const { opened, port } = await fresh();
      for (let at = 0; at < opened.agentPendingMax; at++) await file(port, `d${at}`, by(`u${at}`));
      expect(await codeOf(file(port, 'one more', by('another')))).toBe('rate_limited');
      expect(await codeOf(file(port, 'other', { ...by('another'), agent: { clientId: 'other', actors: [] } }))).toBe(
        'done',
      );
    });

    it('U7 one tenant has a bounded number of pending requests, apart from those of others; the caller is told', async () => {
      const { opened, port } = await fresh();
      const other = (at: number) => ({ ...by(`u${at}`), agent: { clientId: `a${at}`, actors: [] } });
      await Promise.all(Array.from({ length: opened.tenantPendingMax }, (_, at) => file(port, `d${at}`, other(at))));
      await expect(port.consume(request('one more', other(1_000)))).rejects.toMatchObject({
        code: 'rate_limited',
        message: 'Too many calls in this organisation wait for approval.',
        detail: { suggestion: expect.stringContaining('sallyport approvals withdraw') as string },
      });
      expect(await codeOf(file(port, 'elsewhere', { tenant: 'globex' }))).toBe('done');
    });

    it('U7 after five refusals of a user in ten minutes nothing more is asked, for a while', async () => {
      const { port, clock } = await two();
      for (let at = 0; at < 5; at++) {
        clock.advance(1);
        await port.decide('acme', await file(port, `d${at}`), says(personOf('bob'), 'deny'));
      }
      const agent = { clientId: 'another agent', actors: [] };
      expect(await codeOf(file(port, 'more', { agent }))).toBe('rate_limited');
      expect(await codeOf(file(port, 'of somebody else', by('carol')))).toBe('done');
      clock.advance(599_995);
      expect(await codeOf(file(port, 'more'))).toBe('rate_limited');
      clock.advance(2);
      expect(await codeOf(file(port, 'more'))).toBe('done');
    });

    it('U7 who asks and takes back again and again is told to wait: people hear of each request', async () => {
      const { opened, port, clock } = await fresh();
      const other = { agent: { clientId: 'another agent', actors: [] } };
      for (let at = 0; at < opened.pendingMax; at++) {
        clock.advance(1);
        await port.withdraw('acme', await file(port, `d${at}`), personOf('alice'));
      }
      expect(await codeOf(file(port, 'more', other))).toBe('rate_limited');
      expect(await codeOf(file(port, 'of somebody else', by('carol')))).toBe('done');
      clock.advance(600_001);
      expect(await codeOf(file(port, 'more', other))).toBe('done');
    });

    it('B7 a user who files and withdraws all day fills nothing', async () => {
      const { port, clock } = await two();
      const text = 'x'.repeat(1024 * 1024);
      for (let at = 0; at < 12; at++) {
        clock.advance(600_001);
        await port.withdraw('acme', await file(port, `d${at}`, { arguments: { text, at } }), personOf('alice'));
      }
      const kept = (await port.list({ tenant: 'acme' })).map(({ arguments: sent }) => sent['at']);
      expect(kept.length).toBeLessThanOrEqual(9);
      expect(kept.at(-1)).toBe(11);
    });
  });
}
