/**
 * SSE streams of a legacy session. Their latest events are kept, so that a client that lost its connection can resume
 * (2025-11-25, resumability). Bounded in events, bytes and age, for each stream, user and tenant and for all together.
 */
import { randomBytes } from 'node:crypto';
import { type Call, createFairShares, type FairShares, type PrincipalKey, type ShareHolder } from '@sallyport/guard';
import type { NotificationSubject } from '../subscriptions/notification-gate.ts';

/** B7: the bytes that the streams of all users keep, and each user's share of them. */
export const createEventMemory = (): FairShares => createFairShares(() => PROCESS_BYTES_MAX);

/** The streams of one session, and whose they are. */
export interface StreamOwner {
  readonly streams: Map<string, Stream>;
  readonly user: ShareHolder;
  /** Of all users. */
  readonly eventMemory: FairShares;
}

/** One SSE stream of a session. */
export interface Stream {
  /** Unguessable; the first part of its event ids. */
  readonly id: string;
  /** A GET stream: it carries messages that belong to no call, and stays open after it was resumed. */
  readonly standalone: boolean;
  /** Whom it was opened for: two agents of one user share a session, but not a stream (A18). */
  readonly owner: { readonly principalKey: PrincipalKey | undefined; readonly call?: Call };
  readonly events: StreamEvent[];
  readonly session: StreamOwner;
  bytes: number;
  /** Number of the last event. */
  lastSequence: number;
  /** Milliseconds since the epoch. */
  usedAtMs: number;
  /** Its last message was sent. */
  done: boolean;
  /** Writes to the connection that is attached now. */
  write: ((event: string) => void) | undefined;
  /** Ends the connection that is attached now. */
  disconnect: (() => void) | undefined;
}

/** A message that is kept. */
export interface StreamEvent {
  readonly sequence: number;
  /** The whole SSE event. */
  readonly text: string;
  /** What a message that belongs to no call is about: it is sent again only to somebody who may still hear of it. */
  readonly subject: NotificationSubject | undefined;
}

const EVENTS_MAX = 256;
const STREAM_BYTES_MAX = 1024 * 1024;
const PROCESS_BYTES_MAX = 128 * 1024 * 1024;
const STREAMS_MAX = 16;
/** How long a stream without a connection can be resumed. */
export const STREAM_IDLE_MS = 5 * 60_000;

/** When a session has too many streams, its oldest ones without a connection are forgotten first. */
export function openStream(session: StreamOwner, owner: Stream['owner'], standalone: boolean, nowMs: number): Stream {
  const { streams } = session;
  for (const [id, oldest] of streams) {
    if (streams.size < STREAMS_MAX) break;
    if (oldest.write === undefined) forgetStream(session, id);
  }
  const stream: Stream = {
    id: randomBytes(12).toString('base64url'),
    standalone,
    owner,
    events: [],
    session,
    bytes: 0,
    lastSequence: 0,
    usedAtMs: nowMs,
    done: false,
    write: undefined,
    disconnect: undefined,
  };
  streams.set(stream.id, stream);
  return stream;
}

/** Drops a stream with its buffered events. */
export function forgetStream({ streams }: Pick<StreamOwner, 'streams'>, id: string): void {
  const stream = streams.get(id);
  if (stream === undefined) return;
  streams.delete(id);
  while (stream.events.length > 0) dropOldest(stream);
}

/** The id of an event: the stream, and the number of the event in it. */
export const eventId = (stream: Stream, sequence: number): string => `${stream.id}.${sequence}`;

/**
 * Keeps a message for a client that resumes, and writes it to the attached connection.
 *
 * @param data JSON without line breaks.
 * @param subject of a message that belongs to no call.
 */
export function emit(stream: Stream, data: string, subject?: NotificationSubject): void {
  stream.lastSequence += 1;
  const sequence = stream.lastSequence;
  const text = `id: ${eventId(stream, sequence)}\nevent: message\ndata: ${data}\n\n`;
  keep(stream, { sequence, text, subject });
  stream.write?.(text);
}

/** One large message may be kept alone: it is what a client that was cut off comes back for. */
function keep(stream: Stream, event: StreamEvent): void {
  const { events, session } = stream;
  const bytes = event.text.length;
  while (events.length >= EVENTS_MAX || (events.length > 0 && stream.bytes + bytes > STREAM_BYTES_MAX))
    dropOldest(stream);
  // Only what the stream itself keeps makes way: nobody loses events because somebody else has many.
  while (session.eventMemory.take(session.user, bytes) !== undefined) {
    if (events.length === 0) return;
    dropOldest(stream);
  }
  events.push(event);
  stream.bytes += bytes;
}

function dropOldest(stream: Stream): void {
  const bytes = stream.events.shift()?.text.length ?? 0;
  stream.bytes -= bytes;
  stream.session.eventMemory.release(stream.session.user, bytes);
}

/** A stream, and the number of the last event that the client has. */
export interface Resumption {
  readonly stream: Stream;
  readonly afterSequence: number;
}

/** H9: only streams of this session, only by an event id that was sent. */
export function findResumption(
  streams: ReadonlyMap<string, Stream> | undefined,
  lastEventId: string | undefined,
): Resumption | undefined {
  const match = /^([A-Za-z0-9_-]{16})\.(\d{1,9})$/.exec(lastEventId ?? '');
  const stream = streams?.get(match?.[1] ?? '');
  const afterSequence = Number(match?.[2]);
  return stream === undefined || afterSequence > stream.lastSequence ? undefined : { stream, afterSequence };
}
