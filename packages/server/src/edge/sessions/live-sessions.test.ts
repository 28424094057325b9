/** What is remembered of a session and its streams, and when it is forgotten. */
import { createFairShares, type FairShares, type Session, type ShareHolder } from '@sallyport/guard';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  admitCall,
  callKey,
  createLiveSession,
  createLiveSessions,
  endCall,
  registerCall,
  type PendingCall,
} from './live-sessions.ts';
import { createEventMemory, emit, findResumption, openStream, type Stream } from './streams.ts';

const OWNER = { principalKey: undefined };
const USER: ShareHolder = { tenant: 'acme', user: 'alice of acme' };
const sessionOf = (id: string): Session => ({ id, issuer: 'https://issuer.test', subject: id, tenant: 'acme' });
const liveWith = (memory: FairShares = createEventMemory()) => createLiveSession(USER, memory);
const MINUTE_MS = 60_000;
const pendingCall = (): PendingCall => ({ abort: new AbortController(), principalKey: undefined });
const texts = (stream: Stream): number[] => stream.events.map(({ sequence }) => sequence);

describe('sessions', () => {
  let nowMs = 0;
  beforeEach(() => {
    nowMs = 0;
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('D2 are bounded: an idle one makes room, one with a call under way does not', () => {
    const sessions = createLiveSessions(() => nowMs);
    registerCall(sessions.getOrCreate(sessionOf('busy')), callKey(1), pendingCall());
    for (let index = 0; index < 21_000; index++) sessions.getOrCreate(sessionOf(`idle ${index}`));
    expect(sessions.size).toBeLessThanOrEqual(20_000);
    expect(sessions.find('busy')).toBeDefined();
    expect(sessions.find('idle 0')).toBeUndefined();
    sessions.close();
  });

  it('D2 are forgotten when they were idle for minutes, and so are streams that ended', () => {
    const sessions = createLiveSessions(() => nowMs);
    sessions.getOrCreate(sessionOf('idle'));
    const busy = sessions.getOrCreate(sessionOf('busy'));
    registerCall(busy, callKey(1), pendingCall());
    openStream(busy, OWNER, true, nowMs);
    const unfinished = openStream(busy, OWNER, false, nowMs);
    nowMs = 4 * MINUTE_MS;
    vi.advanceTimersByTime(MINUTE_MS);
    expect([sessions.size, busy.streams.size]).toEqual([2, 2]);
    nowMs = 6 * MINUTE_MS;
    vi.advanceTimersByTime(MINUTE_MS);
    expect(sessions.find('idle')).toBeUndefined();
    expect([...busy.streams.values()]).toEqual([unfinished]);
    sessions.close();
  });

  it('end with their calls, streams and requests to the client', () => {
    const sessions = createLiveSessions(() => nowMs);
    const session = sessions.getOrCreate(sessionOf('ending'));
    const call = pendingCall();
    registerCall(session, callKey(1), call);
    const rejected: string[] = [];
    const reject = ({ code }: { code: string }): void => void rejected.push(code);
    session.clientRequests.set('sp-1', { principalKey: undefined, resolve: () => undefined, reject });
    let disconnected = false;
    openStream(session, OWNER, true, nowMs).disconnect = () => {
      disconnected = true;
    };
    sessions.end('ending');
    expect([call.abort.signal.aborted, disconnected, rejected, sessions.size]).toEqual([true, true, ['cancelled'], 0]);
    sessions.close();
  });
});

describe('calls of a session', () => {
  it('A19 an id that is used twice keeps its first call, and the second does not end it', () => {
    const session = liveWith();
    const [first, second] = [pendingCall(), pendingCall()];
    registerCall(session, callKey(1), first);
    registerCall(session, callKey(1), second);
    endCall(session, callKey(1), second);
    expect(session.calls.get(callKey(1))).toBe(first);
    expect(session.calls.get(callKey('1'))).toBeUndefined();
  });

  it('a call that was cancelled before it was admitted is not listed again', () => {
    const session = liveWith();
    const call = pendingCall();
    call.abort.abort();
    admitCall(session, callKey(1), call, 'principal' as never);
    expect(session.calls.size).toBe(0);
  });
});

describe('streams that can be resumed', () => {
  it('H9 keep 256 events', () => {
    const memory = createEventMemory();
    const stream = openStream(liveWith(memory), OWNER, true, 0);
    for (let index = 0; index < 300; index++) emit(stream, 'text');
    expect([texts(stream).length, texts(stream).at(-1)]).toEqual([256, 300]);
    expect(memory.used).toBe(stream.events.reduce((sum, { text }) => sum + text.length, 0));
  });

  it('H9 keep a mebibyte, and the newest event whatever its size', () => {
    const stream = openStream(liveWith(), OWNER, true, 0);
    for (let index = 0; index < 4; index++) emit(stream, 'x'.repeat(400 * 1024));
    expect(texts(stream)).toEqual([3, 4]);
    emit(stream, 'x'.repeat(2 * 1024 * 1024));
    expect(texts(stream)).toEqual([5]);
  });

  it('H9 keep nothing when the process holds 128 MiB, and give back what they no longer keep', () => {
    const memory = createEventMemory();
    expect(memory.take({ tenant: 'globex', user: 'others' }, 128 * 1024 * 1024)).toBeUndefined();
    const session = liveWith(memory);
    const stream = openStream(session, OWNER, true, 0);
    emit(stream, 'text');
    expect(stream.events).toEqual([]);
    const small = createFairShares(() => 10_000);
    const other = openStream(liveWith(small), OWNER, true, 0);
    for (let index = 0; index < 50; index++) emit(other, 'x'.repeat(1_000));
    expect(small.used).toBe(other.events.reduce((sum, { text }) => sum + text.length, 0));
    expect(small.used).toBeLessThanOrEqual(10_000);
  });

  it('H9 are at most 16 of a session: the oldest that nobody reads makes room', () => {
    const session = liveWith();
    const read = openStream(session, OWNER, true, 0);
    read.write = () => undefined;
    for (let index = 0; index < 40; index++) openStream(session, OWNER, true, 0);
    expect(session.streams.size).toBe(16);
    expect(session.streams.get(read.id)).toBe(read);
  });

  it('H9 are not resumed after an event that was never sent', () => {
    const session = liveWith();
    const stream = openStream(session, OWNER, true, 0);
    emit(stream, 'text');
    expect(findResumption(session.streams, `${stream.id}.1`)?.stream).toBe(stream);
    for (const id of [`${stream.id}.2`, `${stream.id}.-1`, `${stream.id}.`, stream.id, '', undefined])
      expect(findResumption(session.streams, id), id).toBeUndefined();
  });
});
