/**
 * What is alive of a legacy session in this process: calls under way, questions to the client, streams that may be resumed.
 * Nothing in here is needed to accept a request; a restart loses streams, not sessions.
 */
import { randomBytes } from 'node:crypto';
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { RequestId } from '../envelope.ts';

export interface Live {
  readonly calls: Map<string, AbortController>;
  readonly questions: Map<string, Question>;
  readonly streams: Map<string, Stream>;
  usedAt: number;
}

export interface Question {
  resolve(result: JsonObject): void;
  reject(error: GuardError): void;
}

/** One SSE stream of a session: what was sent on it lately, and where new events go. */
export interface Stream {
  readonly id: string;
  readonly events: { readonly seq: number; readonly text: string }[];
  bytes: number;
  seq: number;
  done: boolean;
  sink: ((event: string) => void) | undefined;
  /** Ends the connection that listens now. */
  end: (() => void) | undefined;
}

const EVENTS_MAX = 256;
const BYTES_MAX = 1024 * 1024;
const STREAMS_MAX = 16;
const IDLE_MS = 5 * 60_000;
const SESSIONS_MAX = 20_000;

export interface LiveSessions {
  of(sessionId: string): Live;
  find(sessionId: string): Live | undefined;
  end(sessionId: string): void;
  readonly size: number;
  close(): void;
}

export function createLiveSessions(now: () => number): LiveSessions {
  const live = new Map<string, Live>();
  const idle = (one: Live): boolean => one.calls.size === 0 && one.questions.size === 0 && ![...one.streams.values()].some((stream) => stream.sink !== undefined);
  const sweep = (): void => { for (const [id, one] of live) if (idle(one) && now() - one.usedAt > IDLE_MS) live.delete(id); };
  const timer = setInterval(sweep, 60_000);
  timer.unref();
  return {
    of(id) {
      let one = live.get(id);
      if (one === undefined) {
        if (live.size >= SESSIONS_MAX) for (const [old, candidate] of live) if (idle(candidate)) { live.delete(old); break; }
        live.set(id, (one = { calls: new Map(), questions: new Map(), streams: new Map(), usedAt: 0 }));
      }
      one.usedAt = now();
      return one;
    },
    find: (id) => live.get(id),
    end(id) {
      const one = live.get(id);
      live.delete(id);
      for (const call of one?.calls.values() ?? []) call.abort();
      for (const question of one?.questions.values() ?? []) question.reject(new GuardError('cancelled'));
      for (const stream of one?.streams.values() ?? []) stream.end?.();
    },
    get size() { return live.size; },
    close() {
      clearInterval(timer);
      for (const id of [...live.keys()]) this.end(id);
    },
  };
}

/** 1 and "1" are two ids. */
export const callKey = (id: RequestId): string => `${typeof id} ${id}`;

export function openStream(live: Live): Stream {
  for (const [id, old] of live.streams) {
    if (live.streams.size < STREAMS_MAX) break;
    if (old.done || old.sink === undefined) live.streams.delete(id);
  }
  const stream: Stream = { id: randomBytes(12).toString('base64url'), events: [], bytes: 0, seq: 0, done: false, sink: undefined, end: undefined };
  live.streams.set(stream.id, stream);
  return stream;
}

export const eventId = (stream: Stream, seq: number): string => `${stream.id}.${seq}`;

/** Keeps an event for whoever resumes the stream, and passes it to whoever listens now. */
export function emit(stream: Stream, data: string): void {
  const seq = ++stream.seq;
  const text = `id: ${eventId(stream, seq)}\nevent: message\ndata: ${data}\n\n`;
  stream.events.push({ seq, text });
  stream.bytes += text.length;
  while (stream.events.length > EVENTS_MAX || (stream.bytes > BYTES_MAX && stream.events.length > 1)) stream.bytes -= stream.events.shift()?.text.length ?? 0;
  stream.sink?.(text);
}

/** H9: only this session's own streams, only by an id that was given out. */
export function findResumable(live: Live | undefined, lastEventId: string): { readonly stream: Stream; readonly after: number } | undefined {
  const match = /^([A-Za-z0-9_-]{16})\.(\d{1,9})$/.exec(lastEventId);
  const stream = live?.streams.get(match?.[1] ?? '');
  return stream === undefined ? undefined : { stream, after: Number(match?.[2]) };
}
