/**
 * What is alive of a legacy session in this process: calls under way, questions to the client, streams that may be resumed.
 * Nothing in here is needed to accept a request; a restart loses streams, not sessions.
 */
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { RequestId } from '../envelope.ts';
import { forgetStream, STREAM_IDLE_MS, type Kept, type Stream } from './streams.ts';

export interface Live {
  readonly calls: Map<string, UnderWay>;
  readonly questions: Map<string, Question>;
  readonly streams: Map<string, Stream>;
  /** GET streams that are open now, the youngest last. */
  readonly ears: { readonly endpoint: string; readonly place: string | undefined }[];
  readonly kept: Kept;
  usedAt: number;
}

/** A call that its caller may cancel. */
export interface UnderWay {
  readonly abort: AbortController;
  /** Key of the principal that the guard let make it; `undefined` until then. */
  holder: string | undefined;
}

/** A request to the client. Only the principal whose call it belongs to may answer. */
export interface Question {
  readonly holder: string | undefined;
  resolve(result: JsonObject): void;
  reject(error: GuardError): void;
}

const IDLE_MS = 5 * 60_000;
const SESSIONS_MAX = 20_000;
const SWEEP_MS = 60_000;

export interface LiveSessions {
  of(sessionId: string): Live;
  find(sessionId: string): Live | undefined;
  /** Aborts what runs and forgets what is kept. */
  end(sessionId: string): void;
  readonly size: number;
  /** Characters of events that are kept for resumption. */
  readonly kept: Kept;
  close(): void;
}

export const createLive = (kept: Kept, usedAt = 0): Live => ({
  calls: new Map(),
  questions: new Map(),
  streams: new Map(),
  ears: [],
  kept,
  usedAt,
});

export function createLiveSessions(now: () => number): LiveSessions {
  const live = new Map<string, Live>();
  const kept: Kept = { bytes: 0 };
  const timer = setInterval(() => sweep(live, now()), SWEEP_MS);
  timer.unref();
  return {
    kept,
    of(id) {
      let one = live.get(id);
      if (one === undefined) {
        if (live.size >= SESSIONS_MAX) makeRoom(live);
        live.set(id, (one = createLive(kept)));
      }
      one.usedAt = now();
      return one;
    },
    find: (id) => live.get(id),
    end: (id) => endLive(live, id),
    get size() {
      return live.size;
    },
    close() {
      clearInterval(timer);
      for (const id of [...live.keys()]) endLive(live, id);
    },
  };
}

function endLive(live: Map<string, Live>, id: string): void {
  const one = live.get(id);
  if (one === undefined) return;
  for (const { abort } of one.calls.values()) abort.abort();
  for (const question of one.questions.values()) question.reject(new GuardError('cancelled'));
  for (const stream of one.streams.values()) stream.end?.();
  forgetLive(live, id);
}

function forgetLive(live: Map<string, Live>, id: string): void {
  const streams = live.get(id)?.streams;
  for (const stream of [...(streams?.keys() ?? [])]) forgetStream(streams as Map<string, Stream>, stream);
  live.delete(id);
}

const isIdle = (one: Live): boolean =>
  one.calls.size === 0 &&
  one.questions.size === 0 &&
  ![...one.streams.values()].some((stream) => stream.sink !== undefined);

function makeRoom(live: Map<string, Live>): void {
  for (const [id, one] of live) {
    if (!isIdle(one)) continue;
    forgetLive(live, id);
    return;
  }
}

function sweep(live: Map<string, Live>, now: number): void {
  for (const [id, one] of live) {
    if (isIdle(one) && now - one.usedAt > IDLE_MS) {
      forgetLive(live, id);
      continue;
    }
    for (const [key, stream] of one.streams)
      if (stream.sink === undefined && (stream.done || stream.standalone) && now - stream.usedAt > STREAM_IDLE_MS)
        forgetStream(one.streams, key);
  }
}

/**
 * Makes a call known to whoever cancels it by its id. A client that uses an id twice cancels the later call; one that the
 * guard has not let through yet (or never will) takes the place of no other.
 *
 * @returns what to tell once the guard let it through.
 */
export function beginCall({ calls }: Live, key: string, call: UnderWay): (holder: string) => void {
  if (!calls.has(key)) calls.set(key, call);
  return (holder) => {
    call.holder = holder;
    if (!call.abort.signal.aborted) calls.set(key, call);
  };
}

export function endCall({ calls }: Live, key: string, call: UnderWay): void {
  if (calls.get(key) === call) calls.delete(key);
}

/** 1 and "1" are two ids. */
export const callKey = (id: RequestId): string => `${typeof id} ${id}`;
