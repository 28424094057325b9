/**
 * The pins that are in force now, kept in memory: the path of a call reads them without waiting. Another process may
 * change the store at any time, so its version is read at intervals, and the rows are read when it changed.
 */
import { andThen, type Log, type MaybePromise, type PinStore } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { buildPinIndex, type PinIndex, type StoredPins } from './pin-index.ts';

/** Access to the pins, from the freshest to the fastest. */
export interface CurrentPins {
  /**
   * The pins as they were last read. When they are older than `AGE_MS_MAX`, a store that answers at once is read again
   * first, and one that answers later is read in the background.
   * @throws when the store fails at once, or has not answered for `SILENCE_MS_MAX`.
   */
  index(): PinIndex;
  /** Pins at most `AGE_MS_MAX` old: these decide what is sent and what is listed. Fails when the store does. */
  fresh(): MaybePromise<PinIndex>;
  /** Pins that are read after this call: what this process has just written is among them. */
  reload(): MaybePromise<PinIndex>;
  /** Stops the background reads. */
  close(): void;
}

/** How long a call may not notice what another process changed. */
export const AGE_MS_MAX = 50;
/** How often a store that answers later is read while nobody calls. */
export const POLL_MS = 250;
/** How long the pins in memory are trusted while the store does not answer. */
export const SILENCE_MS_MAX = 5_000;

const NOTHING_READ: StoredPins = { version: Number.NaN, pins: [], pending: [] };

interface State {
  readonly store: PinStore;
  readonly servers: () => readonly ServerSettings[];
  readonly log: Log;
  stored: StoredPins;
  /** The servers that `index` was built for. */
  settings: readonly ServerSettings[];
  index: PinIndex;
  /** When the last read that succeeded began, by `performance.now()`. */
  readAtMs: number;
  /** The read that runs now, when the store answers later. */
  reading: { readonly startedAtMs: number; readonly done: Promise<PinIndex> } | undefined;
  /** The read that begins when the current one has ended. */
  queued: Promise<PinIndex> | undefined;
  poll: NodeJS.Timeout | undefined;
  /** True from the first failed background read to the next read that succeeds: a failure is logged once. */
  failing: boolean;
}

/** Nothing is read before the first access. */
export function createCurrentPins(store: PinStore, servers: () => readonly ServerSettings[], log: Log): CurrentPins {
  const settings = servers();
  const state: State = {
    store,
    servers,
    log,
    stored: NOTHING_READ,
    settings,
    index: buildPinIndex(NOTHING_READ, settings),
    readAtMs: Number.NEGATIVE_INFINITY,
    reading: undefined,
    queued: undefined,
    poll: undefined,
    failing: false,
  };
  return {
    index: () => latestIndex(state),
    fresh: () => freshIndex(state),
    reload: () => reload(state),
    close: () => clearInterval(state.poll),
  };
}

const ageMs = (state: State): number => performance.now() - state.readAtMs;

function latestIndex(state: State): PinIndex {
  if (ageMs(state) >= AGE_MS_MAX) readInBackground(state);
  if (ageMs(state) > SILENCE_MS_MAX) throw new Error('the pins cannot be read');
  return indexFor(state);
}

function freshIndex(state: State): MaybePromise<PinIndex> {
  if (ageMs(state) < AGE_MS_MAX) return indexFor(state);
  const { reading } = state;
  return reading !== undefined && performance.now() - reading.startedAtMs < AGE_MS_MAX ? reading.done : reload(state);
}

function reload(state: State): MaybePromise<PinIndex> {
  if (state.reading === undefined) return read(state);
  // The read that runs now may have begun before the change that the caller must see.
  state.queued ??= state.reading.done
    .catch(() => undefined)
    .then(() => {
      state.queued = undefined;
      return state.reading?.done ?? read(state);
    });
  return state.queued;
}

/** Never two at a time, so that an older answer cannot replace a newer one. */
function read(state: State): MaybePromise<PinIndex> {
  const startedAtMs = performance.now();
  const answer = andThen(readStore(state.store, state.stored), (stored) => {
    if (stored !== state.stored) state.index = buildPinIndex(stored, state.settings);
    state.stored = stored;
    state.readAtMs = startedAtMs;
    state.failing = false;
    return indexFor(state);
  });
  if (!(answer instanceof Promise)) return answer;
  const done = answer.finally(() => {
    state.reading = undefined;
  });
  state.reading = { startedAtMs, done };
  state.poll ??= setInterval(() => readInBackground(state), POLL_MS).unref();
  return done;
}

/** A failure is only logged here: a call that waits for its pins (`fresh`) fails by itself. */
function readInBackground(state: State): void {
  if (state.reading !== undefined) return;
  const answer = read(state);
  if (!(answer instanceof Promise)) return;
  answer.catch((cause: unknown) => {
    if (!state.failing) state.log('error', 'the pins cannot be read', { cause: String(cause) });
    state.failing = true;
  });
}

/** The index for the servers that are configured now. */
function indexFor(state: State): PinIndex {
  const settings = state.servers();
  if (settings !== state.settings) {
    state.settings = settings;
    state.index = buildPinIndex(state.stored, settings);
  }
  return state.index;
}

/** @returns what is stored now; the same object when the version has not changed. */
function readStore(store: PinStore, known: StoredPins): MaybePromise<StoredPins> {
  // The version is read first: what is written between these reads changes it, and is read again next time.
  return andThen(store.version(), (version) => {
    if (version === known.version) return known;
    return andThen(store.pins(), (pins) => andThen(store.pendingDigests(), (pending) => ({ version, pins, pending })));
  });
}
