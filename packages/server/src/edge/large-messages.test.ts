/** B7: large messages of one user leave time to everybody else. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLargeMessages } from './large-messages.ts';

const MIB = 2 ** 20;
const alice = { tenant: 'acme', user: 'alice of acme' };
const carol = { tenant: 'globex', user: 'carol of globex' };

/** Large messages whose rests end when the test says so. */
function open() {
  let nowMs = 10_000;
  const rests: number[] = [];
  const ends: (() => void)[] = [];
  const messages = createLargeMessages(
    () => nowMs,
    (ms?: number): Promise<undefined> => {
      rests.push(ms ?? 0);
      return new Promise((resolve) => ends.push(() => resolve(undefined)));
    },
  );
  const endRest = async (): Promise<void> => {
    while (ends.length === 0) await nextTurn();
    ends.shift()?.();
    await nextTurn();
  };
  return { messages, rests, endRest, pass: (ms: number) => void (nowMs += ms) };
}

it('B7 a small message never waits', () => {
  expect(open().messages.wait(alice, 64 * 1024)).toBeUndefined();
});

it('B7 large messages of one user alone follow each other without a rest', async () => {
  const { messages, rests, endRest, pass } = open();
  const begun: number[] = [];
  messages.seen(carol);
  pass(1_000);
  for (const each of [0, 1, 2]) {
    messages.seen(alice);
    void messages.wait(alice, 4 * MIB)?.then(() => begun.push(each));
  }
  await nextTurn();
  expect(begun).toEqual([0]);
  for (let at = 0; at < 3; at++) await endRest();
  expect([begun, rests]).toEqual([
    [0, 1, 2],
    [0, 0, 0],
  ]);
});

it('B7 while somebody else is active there is a rest after each, as long as the message was large', async () => {
  const { messages, rests, endRest } = open();
  const begun: string[] = [];
  messages.seen(carol);
  messages.seen(alice);
  for (const bytes of [4 * MIB, MIB, MIB]) void messages.wait(alice, bytes)?.then(() => begun.push('alice'));
  // Whoever sends her first large message is the next.
  void messages.wait(carol, MIB)?.then(() => begun.push('carol'));
  for (let at = 0; at < 4; at++) await endRest();
  expect(begun).toEqual(['alice', 'alice', 'carol', 'alice']);
  expect(rests).toEqual([200, 50, 50, 50]);
});

it('B7 the rest is longer after a message that took longer than its length lets expect', async () => {
  const { messages, rests, endRest, pass } = open();
  messages.seen(carol);
  messages.seen(alice);
  for (const workMs of [300, 10, 60_000]) void messages.wait(alice, MIB)?.then(() => pass(workMs));
  for (let at = 0; at < 3; at++) {
    await endRest();
    messages.seen(carol);
    messages.seen(alice);
  }
  expect(rests).toEqual([900, 50, 2_000]);
});
