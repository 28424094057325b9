/** B7: what one user or tenant keeps in the memory of the edge is never paid for by another one. */
import { createFairShares, type Session, type ShareHolder } from '@sallyport/guard';
import { expect, it } from 'vitest';
import { createBytesUnderWay } from '../bytes-under-way.ts';
import { createLiveSession, createLiveSessions } from './live-sessions.ts';
import { emit, openStream } from './streams.ts';

const session = (tenant: string, subject: string, id: number): Session => ({
  id: `${tenant} ${subject} ${id}`,
  issuer: 'https://issuer.test',
  subject,
  tenant,
});
const holder = (tenant: string, subject: string): ShareHolder => ({ tenant, user: `${subject} of ${tenant}` });
const streamOwner = { principalKey: undefined };

it('B7 a user with ever new sessions makes nobody else’s be forgotten', () => {
  const live = createLiveSessions(() => 0, 60);
  live.getOrCreate(session('globex', 'carol', 0));
  live.getOrCreate(session('acme', 'bob', 0));
  for (let at = 0; at < 1_000; at++) live.getOrCreate(session('acme', 'alice', at));
  expect(live.size).toBeLessThanOrEqual(60);
  // A tenant of many users gives up sessions of its own.
  for (let at = 0; at < 1_000; at++) live.getOrCreate(session('acme', `user ${at}`, 0));
  expect(live.size).toBeLessThanOrEqual(60);
  expect(live.find(session('globex', 'carol', 0).id)).toBeDefined();
  expect(live.find(session('acme', 'user 999', 0).id)).toBeDefined();
  live.close();
  expect(live.size).toBe(0);
});

it('B7 sessions that are in use are remembered beyond the share, and counted no more than once', () => {
  const live = createLiveSessions(() => 0, 8);
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < 20; at++) {
      const { calls } = live.getOrCreate(session('acme', 'alice', at));
      calls.set('1', { abort: new AbortController(), principalKey: undefined });
    }
    expect(live.size).toBe(20);
    for (let at = 0; at < 20; at++) live.end(session('acme', 'alice', at).id);
    expect(live.size).toBe(0);
  }
});

it('B7 the events that a user has kept in many sessions leave those of others where they are', () => {
  const memory = createFairShares(() => 100_000);
  const carol = openStream(createLiveSession(holder('globex', 'carol'), memory), streamOwner, true, 0);
  for (let at = 0; at < 10; at++) emit(carol, `first ${at}`);
  const flood = (user: ShareHolder): void => {
    for (let at = 0; at < 50; at++) {
      const stream = openStream(createLiveSession(user, memory), streamOwner, true, 0);
      for (let event = 0; event < 100; event++) emit(stream, 'x'.repeat(1_000));
    }
  };
  flood(holder('acme', 'alice'));
  expect(memory.used).toBeLessThanOrEqual(60_000);
  for (let user = 0; user < 20; user++) flood(holder('acme', `user ${user}`));
  expect(memory.used).toBeLessThanOrEqual(70_000);
  for (let at = 0; at < 10; at++) emit(carol, `second ${at}`);
  expect(carol.events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
});

it('B7 what a stream keeps is given back when it is forgotten', () => {
  const memory = createFairShares(() => 10_000);
  const owner = createLiveSession(holder('acme', 'alice'), memory);
  for (let at = 0; at < 100; at++) emit(openStream(owner, streamOwner, true, 0), 'x'.repeat(300));
  expect(owner.streams.size).toBeLessThanOrEqual(16);
  const kept = [...owner.streams.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  expect(memory.used).toBe(kept);
});

it('B7 the bytes under way of a user leave some of its tenant’s to others, and one message may use them all', () => {
  const bytes = createBytesUnderWay();
  const limits = { strangerBytesMax: 1_000, tenantBytesMax: 1_000 };
  const open = (user: string, amount: number) => {
    const share = bytes.open(limits);
    share.belongTo(holder('acme', user));
    for (let at = 0; at < amount; at += 100) share.take(100);
    return share;
  };
  const all = open('alice', 1_000);
  all.release();
  const several = Array.from({ length: 5 }, () => open('alice', 100));
  expect(() => open('alice', 100)).toThrow('Too many bytes of this user are under way.');
  open('bob', 200);
  for (const share of several) share.release();
  expect(bytes.of('acme')).toBe(200);
});
