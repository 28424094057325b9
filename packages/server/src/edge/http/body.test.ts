/** B7: bodies of very many pieces are read in turn, one read of a socket in each turn of the event loop. */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { PausableRequest } from '../../listen/pausable-request.ts';
import type { BodyShare } from '../bytes-under-way.ts';
import { receiveBody } from './body.ts';

const PIECES = 1_000;
const share: BodyShare = { belongTo: () => {}, take: () => {}, release: () => {} };

function openBody() {
  const request = new PausableRequest({ pause() {}, readable: false } as unknown as Socket);
  const body = receiveBody(request, 1_000_000, share);
  const whole = body.read();
  const receive = (pieces: number): void => {
    for (let piece = 0; piece < pieces; piece++) request.emit('data', Buffer.from('x'));
  };
  return { request, whole, receive, discard: body.discard };
}

it('B7 after a thousand pieces a body waits for its turn, and those that wait go on one by one', async () => {
  const bodies = Array.from({ length: 3 }, openBody);
  for (const { receive } of bodies) receive(PIECES - 1);
  const held = (): readonly boolean[] => bodies.map(({ request }) => request.isHeld);
  expect(held()).toEqual([false, false, false]);
  for (const { receive } of bodies) receive(1);
  expect(held()).toEqual([true, true, true]);
  // Bodies that were discarded meanwhile take no turn of the others, and are not read on.
  await nextTurn();
  expect(held()).toEqual([false, true, true]);
  bodies[1]?.discard();
  await nextTurn();
  expect(held()).toEqual([false, true, true]);
  await nextTurn();
  expect(held()).toEqual([false, true, false]);
  bodies[0]?.receive(1);
  bodies[0]?.request.emit('end');
  expect((await bodies[0]?.whole)?.length).toBe(PIECES + 1);
});

it('an honest body of few pieces is read at once', async () => {
  const { request, whole, receive } = openBody();
  receive(20);
  expect(request.isHeld).toBe(false);
  request.emit('end');
  expect((await whole).length).toBe(20);
});
