/** When somebody who waits hears that a request was decided. */
import { expect, it } from 'vitest';
import { createManualClock, createMemoryApprovalStore } from '../memory/index.ts';
import { createApprovals } from './index.ts';
import { personOf, requestOf, says } from './testing.mts';
import { watchDecisions } from './watch.ts';

const NEVER = new AbortController().signal;

async function open() {
  const clock = createManualClock();
  const store = createMemoryApprovalStore();
  const [approvals, elsewhere] = [createApprovals(store, clock), createApprovals(store, clock)];
  const decided = watchDecisions(approvals);
  await approvals.poll();
  const state = await approvals.consume(requestOf({ ttlMs: 1_000 }));
  if (state.state !== 'pending') throw new Error('it does not wait');
  return { clock, approvals, elsewhere, decided, id: state.id };
}

it('at once when it was decided here, and when it had been decided before', async () => {
  const { approvals, decided, id } = await open();
  const waiting = decided('acme', id, NEVER);
  await approvals.decide('acme', id, says(personOf('bob')));
  await waiting;
  await decided('acme', id, NEVER);
});

it('with the next look at the store when another process decided it, or its time is over', async () => {
  for (const end of ['decide', 'expire'] as const) {
    const { clock, approvals, elsewhere, decided, id } = await open();
    const waiting = decided('acme', id, NEVER);
    if (end === 'decide') await elsewhere.decide('acme', id, says(personOf('bob'), 'deny'));
    else clock.advance(1_000);
    await approvals.sweep();
    await waiting;
  }
});

it('of a request that does not exist at once, and of one that waits not before the caller goes', async () => {
  const { decided, id } = await open();
  await decided('acme', 'nothing', NEVER);
  const leave = new AbortController();
  let isOver = false;
  const waiting = decided('acme', id, leave.signal).then(() => void (isOver = true));
  await decided('acme', 'nothing', NEVER);
  expect(isOver).toBe(false);
  leave.abort();
  await waiting;
});
