/**
 * SSE streams of a legacy session: what was sent on them lately is kept, so that a client that lost its connection can
 * read on from where it was (2025-11-25, resumability). Bounded in events, bytes and age, per stream and in all.
 */
import { randomBytes } from 'node:crypto';

/** What all streams of the process keep together. */
export interface Kept {
  bytes: number;
}

export interface Stream {
  /** Unguessable; the first half of its event ids. */
  readonly id: string;
  /** A GET stream: it carries what belongs to no call, and a resumed one goes on listening. */
  readonly standalone: boolean;
  /** Key of the principal that it was opened for: a session is its user's, what an agent was told is that agent's (A18). */
  readonly holder: () => string | undefined;
  readonly events: { readonly seq: number; readonly text: string }[];
  readonly kept: Kept;
  bytes: number;
  seq: number;
  usedAt: number;
  /** Everything was said. */
  done: boolean;
  sink: ((event: string) => void) | undefined;
  /** Ends the connection that listens now. */
  end: (() => void) | undefined;
}

const EVENTS_MAX = 256;
const BYTES_MAX = 1024 * 1024;
const ALL_BYTES_MAX = 128 * 1024 * 1024;
const STREAMS_MAX = 16;
export const STREAM_IDLE_MS = 5 * 60_000;

/** Makes room first: the oldest stream that nobody listens to goes when a session has too many. */
export function openStream(
  streams: Map<string, Stream>,
  { kept, standalone, holder, now }: Pick<Stream, 'kept' | 'standalone' | 'holder'> & { readonly now: number },
): Stream {
  for (const [id, old] of streams) {
    if (streams.size < STREAMS_MAX) break;
    if (old.sink === undefined) forgetStream(streams, id);
  }
  const stream: Stream = {
    id: randomBytes(12).toString('base64url'),
    standalone,
    holder,
    events: [],
    kept,
    bytes: 0,
    seq: 0,
    usedAt: now,
    done: false,
    sink: undefined,
    end: undefined,
  };
  streams.set(stream.id, stream);
  return stream;
}

export function forgetStream(streams: Map<string, Stream>, id: string): void {
  const stream = streams.get(id);
  if (stream === undefined) return;
  streams.delete(id);
  stream.kept.bytes -= stream.bytes;
  stream.bytes = 0;
  stream.events.length = 0;
}

export const eventId = (stream: Stream, seq: number): string => `${stream.id}.${seq}`;

/** Keeps an event for whoever resumes the stream, and passes it to whoever listens now. @param data JSON without line breaks. */
export function emit(stream: Stream, data: string): void {
  const seq = ++stream.seq;
  const text = `id: ${eventId(stream, seq)}\nevent: message\ndata: ${data}\n\n`;
  stream.events.push({ seq, text });
  stream.bytes += text.length;
  stream.kept.bytes += text.length;
  while (stream.events.length > 0 && isTooMuch(stream)) {
    const dropped = stream.events.shift()?.text.length ?? 0;
    stream.bytes -= dropped;
    stream.kept.bytes -= dropped;
  }
  stream.sink?.(text);
}

/** One large answer may be kept by itself: it is what a client that was cut off comes back for. */
const isTooMuch = ({ events, bytes, kept }: Stream): boolean =>
  events.length > EVENTS_MAX || (bytes > BYTES_MAX && events.length > 1) || kept.bytes > ALL_BYTES_MAX;

/** H9: only this session's own streams, only by an id that was given out. */
export function findResumable(
  streams: ReadonlyMap<string, Stream> | undefined,
  lastEventId: string,
): { readonly stream: Stream; readonly after: number } | undefined {
  const match = /^([A-Za-z0-9_-]{16})\.(\d{1,9})$/.exec(lastEventId);
  const stream = streams?.get(match?.[1] ?? '');
  const after = Number(match?.[2]);
  return stream === undefined || after > stream.seq ? undefined : { stream, after };
}
