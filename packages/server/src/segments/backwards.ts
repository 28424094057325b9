/**
 * Reads a log from its newest record to its oldest, in pieces: what is looked for is nearly always new, and a log may
 * be larger than the memory. Each piece is one read of the disk, so that calls are served in between.
 */
import { join } from 'node:path';
import { createFrameDecoder, findFrame, RECORD_BYTES_MAX, type Frame } from './frames.ts';
import { realFiles } from './files.ts';
import { firstIndexOf, segmentsIn } from './layout.ts';
import { readRange } from './log-file.ts';

/** A place in a log: so many bytes of a segment, which is named by the index of its first record. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

/** Records that follow each other in a segment, oldest first. */
export interface Piece {
  readonly segment: number;
  readonly frames: readonly Frame[];
  /** Where what is older ends. */
  readonly start: LogPosition;
  /** How many bytes were read for it. */
  readonly bytesRead: number;
}

const PIECE_BYTES = 128 * 1024;

/**
 * The pieces of a log, newest first. Damage hides no other record here; what it is says `sallyport audit verify`.
 * @param from only what is older; the whole log when left out. It may be any text of a caller.
 */
export async function* piecesBackwards(folder: string, from?: LogPosition): AsyncGenerator<Piece> {
  const segments = segmentsIn(folder).filter((name) => from === undefined || firstIndexOf(name) <= from.segment);
  for (const name of segments.reverse()) {
    const path = join(folder, name);
    const segment = firstIndexOf(name);
    const bytes = realFiles.status(path)?.bytes ?? 0;
    const end = from?.segment === segment ? Math.min(bytes, from.offset) : bytes;
    const pieces = (await isMarked(path)) ? markedPieces(path, segment, end) : olderPieces(path, segment, end);
    for await (const piece of pieces) yield piece;
  }
}

/** Whether a segment begins with a frame as this version writes it: then all of its frames are such. */
async function isMarked(path: string): Promise<boolean> {
  const [first = 0x80] = await readRange(realFiles, path, 0, 1);
  return first === 0x80;
}

async function* markedPieces(path: string, segment: number, segmentEnd: number): AsyncGenerator<Piece> {
  for (let end = segmentEnd; end > 0;) {
    const piece = await pieceBefore(path, segment, end);
    yield piece;
    end = piece.start.offset;
  }
}

/** The records that end at or before `end`, and begin in the last bytes before it. */
async function pieceBefore(path: string, segment: number, end: number): Promise<Piece> {
  let bytesRead = 0;
  for (let length = PIECE_BYTES; ; length *= 2) {
    const offset = Math.max(0, end - length);
    const bytes = await readRange(realFiles, path, offset, end);
    bytesRead += bytes.length;
    const first = findFrame(bytes, 0, segment, end);
    // A record may be longer than a piece, and what follows the last whole one belongs to none.
    if (first === undefined && offset > 0 && length < 4 * RECORD_BYTES_MAX) continue;
    const start = { segment, offset: first === undefined || offset === 0 ? offset : offset + first.at };
    return { segment, frames: framesIn(bytes, offset, segment, end), start, bytesRead };
  }
}

/** Every whole frame, also those after a damaged one. */
function framesIn(bytes: Buffer, base: number, segment: number, end: number): readonly Frame[] {
  const frames: Frame[] = [];
  for (let found = findFrame(bytes, 0, segment, end); found !== undefined;) {
    const decoder = createFrameDecoder(found.index, base + found.at);
    // Not one by one: a list as long as that of the arguments of a call may be too long.
    for (const frame of decoder.push(bytes.subarray(found.at))) frames.push(frame);
    const fault = decoder.end();
    found = fault === undefined ? undefined : findFrame(bytes, fault.offset - base + 1, segment, end);
  }
  return frames;
}

/**
 * A segment of an earlier version: where its frames begin is known only from its beginning, so it is read forwards
 * once, and then piece by piece.
 */
async function* olderPieces(path: string, segment: number, end: number): AsyncGenerator<Piece> {
  const bounds = [{ offset: 0, index: segment }];
  const decoder = createFrameDecoder(segment);
  let scanned = 0;
  for (; scanned < end; scanned += PIECE_BYTES) {
    decoder.push(await readRange(realFiles, path, scanned, Math.min(end, scanned + PIECE_BYTES)));
    bounds.push({ offset: decoder.offset, index: decoder.next });
  }
  for (let at = bounds.length - 2; at >= 0; at--) {
    const [{ offset, index } = { offset: 0, index: segment }, next] = bounds.slice(at, at + 2);
    const bytes = await readRange(realFiles, path, offset, next?.offset ?? end);
    const frames = createFrameDecoder(index, offset).push(bytes);
    yield { segment, frames, start: { segment, offset }, bytesRead: bytes.length + scanned };
    scanned = 0;
  }
}
