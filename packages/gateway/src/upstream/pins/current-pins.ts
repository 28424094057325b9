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
   * @throws when the store fails at once, or has not answered for as long as an outage may last.
   */
  index(): PinIndex;
  /**
   * Pins at most `AGE_MS_MAX` old: these decide what is sent and what is listed. Where a store that answers later fails
   * or is late, the pins that were read last are used for as long as an outage may last (invariant 9).
   */
  fresh(): MaybePromise<PinIndex>;
  /** Pins that are read after this call, as `fresh` gives them. */
  recent(): MaybePromise<PinIndex>;
  /** Pins that are read after this call: what this process has just written is among them. */
  reload(): MaybePromise<PinIndex>;
  /** Stops the background reads. */
  close(): void;
}

/** How long a call may not notice what another process changed. */
export const AGE_MS_MAX = 50;
/** How often a store that answers later is read while nobody calls. */
export const POLL_MS = 250;
/** How long the pins in memory are trusted while the store does not answer, unless something else is set. */
export const SILENCE_MS_MAX = 5_000;
/** How long a call waits for a store that answers later. */
const WAIT_MS_MAX = 50;

const NOTHING_READ: StoredPins = { version: Number.NaN, pins: [], pending: [] };

interface State {
  readonly store: PinStore;
  readonly servers: () => readonly ServerSettings[];
  readonly log: Log;
  readonly silenceMsMax: number;
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
  /** True from the first read that fails or is late to the next one that succeeds: no call waits for it. */
  isLate: boolean;
}

/** Nothing is read before the first access. */
export function createCurrentPins(
  store: PinStore,
  servers: () => readonly ServerSettings[],
  log: Log,
  silenceMsMax: number = SILENCE_MS_MAX,
): CurrentPins {
  const settings = servers();
  const state: State = {
    store,
    servers,
    log,
    silenceMsMax,
    stored: NOTHING_READ,
    settings,
    index: buildPinIndex(NOTHING_READ, settings),
    readAtMs: Number.NEGATIVE_INFINITY,
    reading: undefined,
    queued: undefined,
    poll: undefined,
    failing: false,
    isLate: false,
  };
  return {
    index: () => latestIndex(state),
    fresh: () => freshIndex(state),
    recent: () => orLastGood(state, reload(state)),
    reload: () => reload(state),
    close: () => clearInterval(state.poll),
  };
}

const ageMs = (state: State): number => performance.now() - state.readAtMs;

function latestIndex(state: State): PinIndex {
  if (ageMs(state) >= AGE_MS_MAX) readInBackground(state);
  return lastGood(state);
}

function lastGood(state: State): PinIndex {
  if (ageMs(state) > state.silenceMsMax) throw new Error('the pins cannot be read');
  return indexFor(state);
}

function freshIndex(state: State): MaybePromise<PinIndex> {
  if (ageMs(state) < AGE_MS_MAX) return indexFor(state);
  const { reading } = state;
  const isNew = reading !== undefined && performance.now() - reading.startedAtMs < AGE_MS_MAX;
  return orLastGood(state, isNew ? reading.done : reload(state));
}

/** Waits for an answer for a moment. */
async function waitShortly(state: State, answer: Promise<PinIndex>): Promise<PinIndex> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), WAIT_MS_MAX);
  });
  try {
    const index = await Promise.race([answer, late]);
    if (index !== undefined) return index;
  } catch {
    // It is logged where it is read.
  } finally {
    clearTimeout(timer);
  }
  state.isLate = true;
  return lastGood(state);
}

/** Not waited for while the store is known to be late. */
function orLastGood(state: State, answer: MaybePromise<PinIndex>): MaybePromise<PinIndex> {
  // Before the first answer there is nothing else.
  if (!(answer instanceof Promise) || state.readAtMs === Number.NEGATIVE_INFINITY) return answer;
  answer.catch(() => undefined);
  return state.isLate ? lastGood(state) : waitShortly(state, answer);
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
    state.isLate = false;
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
    if (!state.failing)
      state.log('error', 'the pins cannot be read', { cause: String((cause as Error).cause ?? cause) });
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
