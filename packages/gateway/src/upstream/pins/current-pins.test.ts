/** How old the pins in memory can be, and what happens when the store fails or does not answer. */
import { setImmediate } from 'node:timers/promises';
import type { Digest, Pin, PinStore } from '@sallyport/guard';
import { answersLater, createMemoryPins } from '@sallyport/guard/memory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serverSettings, stdioTransport } from '../testing/harness.mts';
import { AGE_MS_MAX, createCurrentPins, POLL_MS, SILENCE_MS_MAX, type CurrentPins } from './current-pins.ts';

const pin = (digest: string): Pin => ({
  server: 's',
  kind: 'tool',
  name: 'echo',
  digest: digest as Digest,
  document: { name: 'echo' },
  approvedAtMs: 1,
  approvedBy: 'ops',
});
const digestOf = (index: ReturnType<CurrentPins['index']>): string | undefined =>
  index.get('s', 'tool', 'echo')?.digest;
/** Long enough for every read of a store that answers later. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
};

let opened: CurrentPins[] = [];
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] }));
afterEach(() => {
  for (const current of opened) current.close();
  opened = [];
  vi.useRealTimers();
});

function open(store: PinStore, logs: string[] = []): CurrentPins {
  const servers = [serverSettings('s', stdioTransport([]))];
  const current = createCurrentPins(
    store,
    () => servers,
    (_level, message) => void logs.push(message),
  );
  opened.push(current);
  return current;
}

describe('a store that answers at once', () => {
  it('is read by the first call, and again when the pins are older than their limit', () => {
    const store = createMemoryPins();
    const current = open(store);
    store.approve(pin('a'));
    expect(digestOf(current.index())).toBe('a');
    store.approve(pin('b'));
    vi.advanceTimersByTime(AGE_MS_MAX - 1);
    expect(digestOf(current.index())).toBe('a');
    vi.advanceTimersByTime(1);
    expect(digestOf(current.index())).toBe('b');
    store.approve(pin('c'));
    expect(current.reload()).toBe(current.index());
    expect(digestOf(current.index())).toBe('c');
  });

  it('that fails refuses every call', () => {
    const store = createMemoryPins();
    const current = open({ ...store, version: () => (performance.now() > 1_000_000 ? fail() : store.version()) });
    store.approve(pin('a'));
    expect(digestOf(current.index())).toBe('a');
    vi.advanceTimersByTime(1_000_001);
    for (const read of [current.index, current.fresh, current.reload]) expect(read).toThrow('the store is down');
  });
});

describe('a store that answers later', () => {
  it('is never read from memory before its first answer', async () => {
    const store = createMemoryPins();
    store.approve(pin('a'));
    const current = open(answersLater(store));
    expect(() => current.index()).toThrow('the pins cannot be read');
    expect(digestOf(await current.fresh())).toBe('a');
    expect(digestOf(current.index())).toBe('a');
  });

  it('the pins are read also between calls, so that a change by another process is seen soon', async () => {
    const store = createMemoryPins();
    const current = open(answersLater(store));
    await current.fresh();
    store.approve(pin('a'));
    await vi.advanceTimersByTimeAsync(POLL_MS);
    await turns();
    expect(digestOf(current.index())).toBe('a');
    expect(POLL_MS, 'an approval is in force soon').toBe(250);
  });

  it('S10 is waited for before something is sent, when the pins are older than their limit', async () => {
    const store = createMemoryPins();
    store.approve(pin('a'));
    const current = open(answersLater(store));
    await current.fresh();
    store.approve(pin('revoked'));
    expect(digestOf(current.index())).toBe('a');
    vi.advanceTimersByTime(AGE_MS_MAX);
    expect(digestOf(await current.fresh())).toBe('revoked');
  });

  it('S10 a read that began too long ago does not count as fresh', async () => {
    const store = createMemoryPins();
    store.approve(pin('a'));
    const current = open(answersLater(store));
    const slow = current.fresh();
    await setImmediate();
    vi.advanceTimersByTime(AGE_MS_MAX);
    store.approve(pin('b'));
    expect(digestOf(await current.fresh())).toBe('b');
    await slow;
  });

  it('a reload sees what was written before it, also while another read runs', async () => {
    const store = createMemoryPins();
    const later = answersLater(store);
    const current = open(later);
    await current.fresh();
    for (let at = 0; at < 20; at++) {
      vi.advanceTimersByTime(AGE_MS_MAX);
      current.index();
      for (let turn = 0; turn < at % 5; turn++) await setImmediate();
      await later.approve(pin(`d${at}`));
      const seen = await Promise.all([current.reload(), current.reload(), current.fresh()]);
      expect(seen.slice(0, 2).map((index) => digestOf(index))).toEqual([`d${at}`, `d${at}`]);
    }
  });

  it('that fails serves the pins that were read last, for a while, and is not waited for; it is logged once', async () => {
    const store = createMemoryPins();
    let down = false;
    const later = answersLater<PinStore>({ ...store, version: () => (down ? fail() : store.version()) });
    const logs: string[] = [];
    const current = open(later, logs);
    store.approve(pin('a'));
    await current.fresh();
    down = true;
    vi.advanceTimersByTime(AGE_MS_MAX);
    expect(digestOf(await current.fresh())).toBe('a');
    for (const read of [current.fresh, current.recent]) expect(read(), 'at once').not.toBeInstanceOf(Promise);
    await expect(current.reload(), 'what was just written').rejects.toThrow('the store is down');
    const passes = async (ms: number): Promise<void> => {
      for (let at = 0; at < ms / POLL_MS; at++) {
        await vi.advanceTimersByTimeAsync(POLL_MS);
        await turns();
      }
    };
    await passes(SILENCE_MS_MAX - 2 * POLL_MS);
    expect(digestOf(current.index())).toBe('a');
    await passes(2 * POLL_MS);
    for (const read of [current.index, current.fresh, current.recent]) expect(read).toThrow('the pins cannot be read');
    expect(logs).toEqual(['the pins cannot be read']);
    down = false;
    store.approve(pin('b'));
    await passes(POLL_MS);
    vi.advanceTimersByTime(AGE_MS_MAX);
    expect(digestOf(await current.fresh())).toBe('b');
  });

  it('that does not answer holds a call up once, for a moment', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
    const store = createMemoryPins();
    let isSilent = false;
    const silent = new Promise<number>(() => {});
    const current = open({ ...answersLater(store), version: async () => (isSilent ? silent : store.version()) });
    store.approve(pin('a'));
    await current.fresh();
    isSilent = true;
    vi.advanceTimersByTime(AGE_MS_MAX);
    const waits = current.fresh();
    await vi.advanceTimersByTimeAsync(50);
    expect(digestOf(await waits)).toBe('a');
    expect(digestOf(current.fresh() as ReturnType<CurrentPins['index']>)).toBe('a');
  });
});

function fail(): never {
  throw new Error('the store is down');
}
