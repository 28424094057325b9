/**
 * What runs for legacy sessions in this process: pending calls, requests to the client, streams that can be resumed.
 * Nothing in here is needed to accept a request: a restart loses streams, but no session.
 */
import {
  type Call,
  createFairShares,
  GuardError,
  type FairShares,
  type JsonObject,
  type PrincipalKey,
  shareHolder,
  type Session,
  type ShareHolder,
} from '@sallyport/guard';
import type { RequestId } from '../../mcp/json-rpc.ts';
import { createEventMemory, forgetStream, STREAM_IDLE_MS, type StreamOwner } from './streams.ts';

/** What runs for one session. */
export interface LiveSession extends StreamOwner {
  /** By {@link callKey}. */
  readonly calls: Map<string, PendingCall>;
  /** Requests to the client that wait for a response, by their id. */
  readonly clientRequests: Map<string, PendingClientRequest>;
  /** Open GET streams, the newest last. */
  readonly getStreams: OpenGetStream[];
  /** Whether it was noted that a restart must end the session. */
  isHeld: boolean;
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
  /** As it was judged: whoever resumes its stream is judged by it again (B10). */
  call?: Call;
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
  /** Creates an entry where there is none; another idle one of its user or tenant may be forgotten for it. */
  getOrCreate(session: Session): LiveSession;
  find(sessionId: string): LiveSession | undefined;
  /** Aborts the calls of a session and forgets everything about it. */
  end(sessionId: string): void;
  readonly size: number;
  close(): void;
}

/** @param eventMemory shared by all sessions of the process. */
export const createLiveSession = (user: ShareHolder, eventMemory: FairShares): LiveSession => ({
  calls: new Map(),
  clientRequests: new Map(),
  streams: new Map(),
  getStreams: [],
  user,
  eventMemory,
  isHeld: false,
  usedAtMs: 0,
});

interface State {
  readonly sessions: Map<string, LiveSession>;
  /** How many sessions each user and tenant has. */
  readonly shares: FairShares;
  /** Ids of the sessions that are counted: one that is in use is remembered even where the share is used up. */
  readonly counted: Set<string>;
  readonly eventMemory: FairShares;
}

/** @param now milliseconds since the epoch. @param sessionsMax that are remembered. */
export function createLiveSessions(now: () => number, sessionsMax = SESSIONS_MAX): LiveSessions {
  const state: State = {
    sessions: new Map(),
    shares: createFairShares(() => sessionsMax),
    counted: new Set(),
    eventMemory: createEventMemory(),
  };
  const { sessions } = state;
  const timer = setInterval(() => sweep(state, now()), SWEEP_MS);
  timer.unref();
  return {
    getOrCreate(session) {
      const live = sessions.get(session.id) ?? create(state, session);
      live.usedAtMs = now();
      return live;
    },
    find: (id) => sessions.get(id),
    end: (id) => endSession(state, id),
    get size() {
      return sessions.size;
    },
    close() {
      clearInterval(timer);
      for (const id of [...sessions.keys()]) endSession(state, id);
    },
  };
}

function create(state: State, { id, tenant, ...person }: Session): LiveSession {
  const user = shareHolder(person, tenant);
  let usedUp = state.shares.take(user);
  if (usedUp !== undefined) {
    const key = usedUp === 'user' ? 'user' : 'tenant';
    forgetOneIdle(state, (other) => other.user[key] === user[key]);
    usedUp = state.shares.take(user);
  }
  if (usedUp === undefined) state.counted.add(id);
  const session = createLiveSession(user, state.eventMemory);
  state.sessions.set(id, session);
  return session;
}

function endSession(state: State, id: string): void {
  const session = state.sessions.get(id);
  if (session === undefined) return;
  for (const { abort } of session.calls.values()) abort.abort();
  for (const request of session.clientRequests.values()) request.reject(new GuardError('cancelled'));
  for (const stream of session.streams.values()) stream.disconnect?.();
  forgetSession(state, id, session);
}

function forgetSession({ sessions, shares, counted }: State, id: string, session: LiveSession): void {
  for (const streamId of [...session.streams.keys()]) forgetStream(session, streamId);
  sessions.delete(id);
  if (counted.delete(id)) shares.release(session.user);
}

const isIdle = ({ calls, clientRequests, streams }: LiveSession): boolean =>
  calls.size === 0 && clientRequests.size === 0 && ![...streams.values()].some(({ write }) => write !== undefined);

/** B7: the oldest idle session of those that may be chosen. Nobody's sessions make way for those of other tenants. */
function forgetOneIdle(state: State, mayBeChosen: (session: LiveSession) => boolean): void {
  for (const [id, session] of state.sessions) {
    if (!mayBeChosen(session) || !isIdle(session)) continue;
    forgetSession(state, id, session);
    return;
  }
}

function sweep(state: State, nowMs: number): void {
  for (const [id, session] of state.sessions) {
    if (isIdle(session) && nowMs - session.usedAtMs > IDLE_MS) forgetSession(state, id, session);
    else forgetIdleStreams(session, nowMs);
  }
}

function forgetIdleStreams(session: LiveSession, nowMs: number): void {
  for (const [id, stream] of session.streams) {
    const isOver = stream.write === undefined && (stream.done || stream.standalone);
    if (isOver && nowMs - stream.usedAtMs > STREAM_IDLE_MS) forgetStream(session, id);
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
