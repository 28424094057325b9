/**
 * What runs for legacy sessions in this process: pending calls, requests to the client, streams that can be resumed.
 * Nothing in here is needed to accept a request: a restart loses streams, but no session.
 */
import { GuardError, type JsonObject, type PrincipalKey } from '@sallyport/guard';
import type { RequestId } from '../../mcp/json-rpc.ts';
import { forgetStream, STREAM_IDLE_MS, type BufferedBytes, type Stream } from './streams.ts';

/** What runs for one session. */
export interface LiveSession {
  /** By {@link callKey}. */
  readonly calls: Map<string, PendingCall>;
  /** Requests to the client that wait for a response, by their id. */
  readonly clientRequests: Map<string, PendingClientRequest>;
  /** By stream id. */
  readonly streams: Map<string, Stream>;
  /** Open GET streams, the newest last. */
  readonly getStreams: OpenGetStream[];
  readonly buffered: BufferedBytes;
  /** Milliseconds since the epoch. */
  usedAtMs: number;
}

/** An open GET stream of one caller on one endpoint. */
export interface OpenGetStream {
  readonly endpoint: string;
  readonly principalKey: PrincipalKey;
}

/** A call that its caller may cancel. */
export interface PendingCall {
  readonly abort: AbortController;
  /** Key of the principal that the guard let through; `undefined` until then. */
  principalKey: PrincipalKey | undefined;
}

/** A request to the client. Only the principal that it was sent to may answer. */
export interface PendingClientRequest {
  readonly principalKey: PrincipalKey | undefined;
  resolve(result: JsonObject): void;
  reject(error: GuardError): void;
}

const IDLE_MS = 5 * 60_000;
const SESSIONS_MAX = 20_000;
const SWEEP_MS = 60_000;

/** The sessions of this process, by their id. Idle ones are forgotten after five minutes. */
export interface LiveSessions {
  /** Creates an entry where there is none. */
  getOrCreate(sessionId: string): LiveSession;
  find(sessionId: string): LiveSession | undefined;
  /** Aborts the calls of a session and forgets everything about it. */
  end(sessionId: string): void;
  readonly size: number;
  close(): void;
}

/** @param buffered shared by all sessions of the process. */
export const createLiveSession = (buffered: BufferedBytes): LiveSession => ({
  calls: new Map(),
  clientRequests: new Map(),
  streams: new Map(),
  getStreams: [],
  buffered,
  usedAtMs: 0,
});

/** @param now milliseconds since the epoch. */
export function createLiveSessions(now: () => number): LiveSessions {
  const sessions = new Map<string, LiveSession>();
  const buffered: BufferedBytes = { bytes: 0 };
  const timer = setInterval(() => sweep(sessions, now()), SWEEP_MS);
  timer.unref();
  return {
    getOrCreate(id) {
      let session = sessions.get(id);
      if (session === undefined) {
        if (sessions.size >= SESSIONS_MAX) forgetOneIdle(sessions);
        session = createLiveSession(buffered);
        sessions.set(id, session);
      }
      session.usedAtMs = now();
      return session;
    },
    find: (id) => sessions.get(id),
    end: (id) => endSession(sessions, id),
    get size() {
      return sessions.size;
    },
    close() {
      clearInterval(timer);
      for (const id of [...sessions.keys()]) endSession(sessions, id);
    },
  };
}

function endSession(sessions: Map<string, LiveSession>, id: string): void {
  const session = sessions.get(id);
  if (session === undefined) return;
  for (const { abort } of session.calls.values()) abort.abort();
  for (const request of session.clientRequests.values()) request.reject(new GuardError('cancelled'));
  for (const stream of session.streams.values()) stream.disconnect?.();
  forgetSession(sessions, id, session);
}

function forgetSession(sessions: Map<string, LiveSession>, id: string, { streams }: LiveSession): void {
  for (const streamId of [...streams.keys()]) forgetStream(streams, streamId);
  sessions.delete(id);
}

const isIdle = ({ calls, clientRequests, streams }: LiveSession): boolean =>
  calls.size === 0 && clientRequests.size === 0 && ![...streams.values()].some(({ write }) => write !== undefined);

function forgetOneIdle(sessions: Map<string, LiveSession>): void {
  for (const [id, session] of sessions) {
    if (!isIdle(session)) continue;
    forgetSession(sessions, id, session);
    return;
  }
}

function sweep(sessions: Map<string, LiveSession>, nowMs: number): void {
  for (const [id, session] of sessions) {
    if (isIdle(session) && nowMs - session.usedAtMs > IDLE_MS) forgetSession(sessions, id, session);
    else forgetIdleStreams(session, nowMs);
  }
}

function forgetIdleStreams({ streams }: LiveSession, nowMs: number): void {
  for (const [id, stream] of streams) {
    const isOver = stream.write === undefined && (stream.done || stream.standalone);
    if (isOver && nowMs - stream.usedAtMs > STREAM_IDLE_MS) forgetStream(streams, id);
  }
}

/**
 * Registers a call under its id, so that it can be cancelled. When a client uses an id twice, the call that the guard
 * let through last has it; a call that was not let through never takes the id of another.
 */
export function registerCall({ calls }: LiveSession, key: string, call: PendingCall): void {
  if (!calls.has(key)) calls.set(key, call);
}

/** Binds a call to the principal that the guard let through. */
export function admitCall({ calls }: LiveSession, key: string, call: PendingCall, principalKey: PrincipalKey): void {
  call.principalKey = principalKey;
  if (!call.abort.signal.aborted) calls.set(key, call);
}

/** Forgets a call that has ended, unless another call has its id by now. */
export function endCall({ calls }: LiveSession, key: string, call: PendingCall): void {
  if (calls.get(key) === call) calls.delete(key);
}

/** JSON-RPC ids 1 and "1" are different. */
export const callKey = (id: RequestId): string => `${typeof id} ${id}`;
