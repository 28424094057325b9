/** B7: the order of service is fair between tenants, and between the users of one. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTurns, type Turns } from './turns.ts';

const PER_TURN = 8;

/** Waits for a turn, and notes in which order turns came. */
function waiter(turns: Turns, served: string[]) {
  return async (tenant: string, user: string): Promise<void> => {
    await turns.wait({ tenant, user: `${user} of ${tenant}` });
    served.push(`${user} of ${tenant}`);
  };
}

it('B7 who sends little goes on at once, whoever sent before', async () => {
  const turns = createTurns();
  for (let round = 0; round < 20; round++) {
    for (let at = 0; at < PER_TURN; at++) expect(turns.wait({ tenant: 'acme', user: 'alice' })).toBeUndefined();
    expect(turns.wait({ tenant: 'acme', user: 'alice' })).toBeInstanceOf(Promise);
    await nextTurn();
    await nextTurn();
    await nextTurn();
  }
});

it('B7 the message of a tenant comes before the hundreds that another one sent earlier', async () => {
  const turns = createTurns();
  const served: string[] = [];
  const wait = waiter(turns, served);
  const all = Array.from({ length: 500 }, () => wait('acme', 'alice'));
  all.push(wait('acme', 'bob'), wait('globex', 'carol'), wait('globex', 'carol'));
  await Promise.all(all);
  expect(served).toHaveLength(503);
  // Eight went on at once; then tenants take turns, and so do the users of each.
  expect(served.slice(PER_TURN, PER_TURN + 4).filter((who) => who === 'carol of globex')).toHaveLength(2);
  expect(served.indexOf('bob of acme')).toBeLessThan(PER_TURN + 6);
});

it('B7 no turn is lost: everybody goes on, and later ones too', async () => {
  const turns = createTurns();
  const served: string[] = [];
  const wait = waiter(turns, served);
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => wait(`tenant ${at % 7}`, `user ${at % 3}`)));
    expect(served).toHaveLength(100 * (round + 1));
    for (let at = 0; at < round; at++) await nextTurn();
  }
});
