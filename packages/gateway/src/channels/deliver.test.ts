/** Channels are told in order, again after an error, and never in the way of anybody. */
import { expect, it } from 'vitest';
import { GuardError, type ApprovalEvent } from '@sallyport/guard';
import type { Channel, ChannelStore, Notice } from './channel.ts';
import { deliver } from './deliver.ts';
import { filedApproval, noticeOf } from './testing/notices.mts';

const event = (sequence: number, kind: ApprovalEvent['kind'], tenant = 'acme'): ApprovalEvent => ({
  sequence,
  kind,
  tenant,
  id: `${sequence}`.padStart(32, '0'),
  atMs: 0,
});

/** Runs until everything was told or the pauses are used up. */
async function run(
  events: readonly ApprovalEvent[],
  send: Channel['send'],
  {
    tenants,
    status = 'pending' as const,
    pausesMax = 30,
    show,
    stop = new AbortController(),
  }: {
    tenants?: string[];
    status?: 'pending' | 'expired';
    pausesMax?: number;
    show?: () => Promise<void>;
    stop?: AbortController;
  } = {},
) {
  const pauses: number[] = [];
  let position = 0;
  const addresses = new Map<string, string>();
  const store: ChannelStore = {
    claim: async () => position,
    advance: async (_channel, _owner, sequence) => {
      position = sequence;
      return true;
    },
    addressOf: async (_channel, id) => addresses.get(id),
    keepAddress: async (_channel, id, address) => void addresses.set(id, address),
  };
  await deliver(
    { name: 'test', tenants, send },
    {
      store,
      events: { events: async (after) => events.filter(({ sequence }) => sequence > after) },
      approvals: {
        async show(tenant, id) {
          await show?.();
          return filedApproval({ tenant, id, status });
        },
      },
      noticeOf: ({ kind }, approval) => noticeOf(approval, kind),
      clock: { now: () => 0 },
      log: () => {},
      owner: 'one',
      pause: async (ms) => {
        pauses.push(ms);
        if (pauses.length >= pausesMax || position === events.length) stop.abort();
      },
    },
    stop.signal,
  );
  return { pauses, position, addresses };
}

it('events are told in order, with what was remembered of their request', async () => {
  const told: [string, string | undefined][] = [];
  const same = { ...event(2, 'reminder'), id: event(1, 'filed').id };
  const { position } = await run([event(1, 'filed'), same, event(3, 'filed')], async ({ kind, approval }, address) => {
    told.push([kind, address]);
    return `message of ${Number(approval.id)}`;
  });
  expect(told).toEqual([
    ['filed', undefined],
    ['reminder', 'message of 1'],
    ['filed', undefined],
  ]);
  expect(position).toBe(3);
});

it('a channel that is down is tried again after longer and longer pauses, and nothing is left out', async () => {
  let fails = 4;
  const told: number[] = [];
  const { pauses } = await run([event(1, 'filed'), event(2, 'filed')], async ({ approval }) => {
    if (fails-- > 0) throw new Error('down');
    told.push(Number(approval.id));
    return undefined;
  });
  expect(told).toEqual([1, 2]);
  expect(pauses.slice(0, 4)).toEqual([2_000, 4_000, 8_000, 16_000]);
});

it('an event that a channel never takes does not keep the others from it', async () => {
  const told: number[] = [];
  const { position, pauses } = await run([event(1, 'filed'), event(2, 'filed')], async ({ approval }) => {
    if (Number(approval.id) === 1) throw new Error('too long');
    told.push(Number(approval.id));
    return undefined;
  });
  expect([told, position]).toEqual([[2], 2]);
  expect(Math.max(...pauses)).toBe(300_000);
});

it('U16 a store that is down costs no notice and no attempt, and the channel goes on when it is back', async () => {
  let isDown = 20;
  let fails = 1;
  const told: number[] = [];
  const { pauses, position } = await run(
    [event(1, 'filed')],
    async ({ approval }) => {
      if (fails-- > 0) throw new Error('down');
      told.push(Number(approval.id));
      return undefined;
    },
    {
      async show() {
        if (isDown-- > 0) throw new GuardError('approvals_unavailable');
      },
    },
  );
  expect([told, position]).toEqual([[1], 1]);
  expect(Math.max(...pauses)).toBe(2_000);
});

it('U16 what is not there any more is left out', async () => {
  const told: Notice[] = [];
  const show = () => Promise.reject(new GuardError('not_found'));
  const { position } = await run([event(1, 'filed')], async (notice) => void told.push(notice), { show });
  expect([told, position]).toEqual([[], 1]);
});

it('L9 a channel that never ends does not keep the process from ending', async () => {
  const stop = new AbortController();
  const { position } = await run(
    [event(1, 'filed')],
    () => {
      stop.abort();
      return new Promise(() => undefined);
    },
    { stop },
  );
  expect(position, 'it is told again').toBe(0);
});

it('U14 a channel of one tenant is told nothing of another', async () => {
  const told: Notice[] = [];
  await run([event(1, 'filed', 'globex'), event(2, 'filed')], async (notice) => void told.push(notice), {
    tenants: ['acme'],
  });
  expect(told.map(({ approval }) => approval.tenant)).toEqual(['acme']);
});

it('nobody is asked about what has ended before anybody was', async () => {
  const told: Notice[] = [];
  await run([event(1, 'filed'), event(2, 'expired')], async (notice) => void told.push(notice), { status: 'expired' });
  expect(told).toEqual([]);
});
