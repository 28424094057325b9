/**
 * Searches the logs of one tenant from the newest record on. A search stops when it has found enough or read enough,
 * and says where the next one goes on; it never holds the event loop for longer than one piece of a log takes.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isObject, type JsonObject } from '@sallyport/guard';
import type { FoundRecord, RecordQuery, SearchPosition } from '../record-search.ts';
import { piecesBackwards, type LogPosition, type Piece } from './backwards.ts';
import { HEADER_BYTES, type Frame } from './frames.ts';

/** A log of the tenant: the gateway's own, or that of a process beside it. */
export interface SearchedLog {
  readonly name: string;
  readonly folder: string;
}

/** What a search found, newest first. */
export interface SearchResult {
  readonly found: readonly FoundRecord[];
  /** Where to go on; `undefined` when everything was read. */
  readonly next: SearchPosition | undefined;
  readonly bytesRead: number;
}

/** A call is recorded when it ends, with the time of that; a clock that was set moves records by no more than this. */
const OUT_OF_ORDER_MS = 3_600_000;

/** Later than every segment: their names have 16 digits. */
const NEWEST: LogPosition = { segment: 1e16, offset: 0 };

/** One log while it is searched. */
interface Reader {
  readonly name: string;
  readonly pieces: AsyncGenerator<Piece>;
  piece: Piece | undefined;
  /** Frames of the piece that were not looked at: the first ones of it. */
  left: number;
  /** What begins here or later was looked at, and given back if it matches. */
  position: LogPosition;
  /** The newest match that was not given back. */
  head: (FoundRecord & { readonly timeMs: number; readonly frame: Frame }) | undefined;
  isDone: boolean;
}

/** Records of several logs are merged by time. */
export async function searchLogs(logs: readonly SearchedLog[], query: RecordQuery): Promise<SearchResult> {
  const readers = logs
    .filter(({ name }) => query.from === undefined || query.from[name] !== undefined)
    .map((log) => openReader(log, query.from?.[log.name]));
  const budget = { left: query.bytesMax };
  const found: FoundRecord[] = [];
  while (found.length < query.limit) {
    // A match of each log, so that the newest of them is the newest of all.
    for (const reader of readers) await fill(reader, query, budget);
    const newest = readers.reduce<Reader | undefined>(newerOf, undefined);
    const isExhausted = readers.some(({ head, isDone }) => head === undefined && !isDone);
    if (newest === undefined || isExhausted) break;
    found.push(take(newest));
  }
  for (const { pieces } of readers) await pieces.return(undefined);
  const open = readers.filter(({ isDone, head }) => !isDone || head !== undefined);
  const next = Object.fromEntries(
    open.map(({ name, position }) => [name, [position.segment, position.offset] as const]),
  );
  return { found, next: open.length === 0 ? undefined : next, bytesRead: query.bytesMax - budget.left };
}

function openReader({ name, folder }: SearchedLog, from: readonly [number, number] | undefined): Reader {
  const position = from === undefined ? undefined : { segment: from[0], offset: from[1] };
  return {
    name,
    pieces: piecesBackwards(folder, position),
    piece: undefined,
    left: 0,
    position: position ?? NEWEST,
    head: undefined,
    isDone: false,
  };
}

function newerOf(best: Reader | undefined, reader: Reader): Reader | undefined {
  if (reader.head === undefined) return best;
  return best?.head === undefined || reader.head.timeMs > best.head.timeMs ? reader : best;
}

function take(reader: Reader): FoundRecord {
  const { head, position } = reader;
  if (head === undefined) throw new Error('only a match can be taken');
  reader.position = { segment: position.segment, offset: head.frame.offset };
  reader.head = undefined;
  return { log: head.log, index: head.index, record: head.record };
}

/** Reads on until there is a match, or nothing more, or no budget. */
async function fill(reader: Reader, query: RecordQuery, budget: { left: number }): Promise<void> {
  while (reader.head === undefined && !reader.isDone) {
    if (reader.left === 0) {
      if (reader.piece !== undefined) reader.position = reader.piece.start;
      if (budget.left <= 0) return;
      const { value: piece, done } = await reader.pieces.next();
      if (done === true) {
        reader.isDone = true;
        return;
      }
      budget.left -= piece.bytesRead;
      reader.piece = piece;
      reader.left = piece.frames.length;
      // The disk may have answered from memory, within the same turn of the event loop.
      await nextTurn();
    }
    lookThrough(reader, query);
  }
}

/** Looks at the frames that are left of the piece, newest first, up to a match. */
function lookThrough(reader: Reader, query: RecordQuery): void {
  const { sinceMs = -Infinity } = query;
  const { segment = 0, frames = [] } = reader.piece ?? {};
  while (reader.left > 0) {
    reader.left -= 1;
    const frame = frames[reader.left] as Frame;
    const record = query.texts.every((text) => frame.bytes.includes(text)) ? parse(frame.bytes) : undefined;
    if (record === undefined) continue;
    const timeMs = Number(record['time']);
    if (timeMs < sinceMs - OUT_OF_ORDER_MS) {
      reader.isDone = true;
      return;
    }
    if (timeMs < sinceMs || !query.matches(record)) continue;
    reader.head = { log: reader.name, index: frame.index, record, timeMs, frame };
    reader.position = { segment, offset: frame.offset + HEADER_BYTES + frame.bytes.length };
    return;
  }
}

/** A frame was written whole, so what is no JSON was damaged with a checksum to match. */
function parse(bytes: Buffer): JsonObject | undefined {
  try {
    const record: unknown = JSON.parse(bytes.toString());
    return isObject(record) ? record : undefined;
  } catch {
    return undefined;
  }
}
