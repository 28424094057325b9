/**
 * What is alive of a legacy session in this process: calls under way, questions to the client, streams that may be resumed.
 * Nothing in here is needed to accept a request; a restart loses streams, not sessions.
 */
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { RequestId } from '../../mcp/json-rpc.ts';
import { forgetStream, STREAM_IDLE_MS, type Kept, type Stream } from './streams.ts';

export interface LiveSession {
  readonly calls: Map<string, PendingCall>;
  readonly clientRequests: Map<string, PendingClientRequest>;
  readonly streams: Map<string, Stream>;
  /** GET streams that are open now, the youngest last. */
  readonly getStreams: { readonly endpoint: string; readonly slot: string | undefined }[];
  readonly kept: Kept;
  usedAt: number;
}

/** A call that its caller may cancel. */
export interface PendingCall {
  readonly abort: AbortController;
  /** Key of the principal that the guard let make it; `undefined` until then. */
  holder: string | undefined;
}

/** A request to the client. Only the principal whose call it belongs to may answer. */
export interface PendingClientRequest {
  readonly holder: string | undefined;
  resolve(result: JsonObject): void;
  reject(error: GuardError): void;
}

const IDLE_MS = 5 * 60_000;
const SESSIONS_MAX = 20_000;
const SWEEP_MS = 60_000;

export interface LiveSessions {
  of(sessionId: string): LiveSession;
  find(sessionId: string): LiveSession | undefined;
  /** Aborts what runs and forgets what is kept. */
  end(sessionId: string): void;
  readonly size: number;
  /** Characters of events that are kept for resumption. */
  readonly kept: Kept;
  close(): void;
}

export const createLiveSession = (kept: Kept, usedAt = 0): LiveSession => ({
  calls: new Map(),
  clientRequests: new Map(),
  streams: new Map(),
  getStreams: [],
  kept,
  usedAt,
});

export function createLiveSessions(now: () => number): LiveSessions {
  const live = new Map<string, LiveSession>();
  const kept: Kept = { bytes: 0 };
  const timer = setInterval(() => sweep(live, now()), SWEEP_MS);
  timer.unref();
  return {
    kept,
    of(id) {
      let one = live.get(id);
      if (one === undefined) {
        if (live.size >= SESSIONS_MAX) makeRoom(live);
        live.set(id, (one = createLiveSession(kept)));
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

function endLive(live: Map<string, LiveSession>, id: string): void {
  const one = live.get(id);
  if (one === undefined) return;
  for (const { abort } of one.calls.values()) abort.abort();
  for (const question of one.clientRequests.values()) question.reject(new GuardError('cancelled'));
  for (const stream of one.streams.values()) stream.end?.();
  forgetLive(live, id);
}

function forgetLive(live: Map<string, LiveSession>, id: string): void {
  const streams = live.get(id)?.streams;
  for (const stream of [...(streams?.keys() ?? [])]) forgetStream(streams as Map<string, Stream>, stream);
  live.delete(id);
}

const isIdle = (one: LiveSession): boolean =>
  one.calls.size === 0 &&
  one.clientRequests.size === 0 &&
  ![...one.streams.values()].some((stream) => stream.sink !== undefined);

function makeRoom(live: Map<string, LiveSession>): void {
  for (const [id, one] of live) {
    if (!isIdle(one)) continue;
    forgetLive(live, id);
    return;
  }
}

function sweep(live: Map<string, LiveSession>, now: number): void {
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
export function beginCall({ calls }: LiveSession, key: string, call: PendingCall): (holder: string) => void {
  if (!calls.has(key)) calls.set(key, call);
  return (holder) => {
    call.holder = holder;
    if (!call.abort.signal.aborted) calls.set(key, call);
  };
}

export function endCall({ calls }: LiveSession, key: string, call: PendingCall): void {
  if (calls.get(key) === call) calls.delete(key);
}

/** 1 and "1" are two ids. */
export const callKey = (id: RequestId): string => `${typeof id} ${id}`;
