/**
 * The frame of a record in a segment file: head (4 bytes), CRC-32 (4), number (8), then the bytes, all big-endian.
 *
 * The head is the length, with its highest bit set. The number is the position of the record in its commit (16 bits)
 * and the index of the record (48). The CRC covers all but itself. The index shows when a record was moved, doubled or
 * removed. The position shows what was durable: a commit is written when the one before it is on the disk, so a frame
 * proves that every record before the first of its commit was acknowledged, also when those cannot be read any more.
 *
 * Logs of earlier versions have frames without the highest bit: there the number is the index alone, and the CRC does
 * not cover the length. They are read and no longer written.
 */
import { crc32 } from 'node:zlib';

/** Head, CRC-32 and number. */
export const HEADER_BYTES = 16;
/** A longer record is not accepted, and a longer length is a damaged one. */
export const RECORD_BYTES_MAX = 4 * 1024 * 1024;
/** The position of a record in its commit has 16 bits. */
export const COMMIT_RECORDS_MAX = 65_536;

const WITH_POSITION = 0x8000_0000;

/** A record as it was read from a segment. */
export interface Frame {
  readonly index: number;
  /** Offset of the frame in the segment. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** Index of the first record of its commit: those before it were acknowledged. 0 in logs of earlier versions. */
  readonly commit: number;
}

/** Where reading a segment had to stop. */
export interface Fault {
  readonly offset: number;
  /** The index that the record at fault should have. */
  readonly index: number;
  readonly what: string;
}

/**
 * All frames of a commit in one buffer.
 * @param first the index of the first record.
 */
export function encodeFrames(first: number, records: readonly Buffer[]): Buffer {
  if (records.length > COMMIT_RECORDS_MAX) throw new RangeError('too many records for one commit');
  const all = Buffer.allocUnsafe(records.reduce((bytes, record) => bytes + HEADER_BYTES + record.length, 0));
  let offset = 0;
  for (const [position, record] of records.entries()) {
    const end = offset + HEADER_BYTES + record.length;
    const head = WITH_POSITION + record.length;
    all.writeUInt32BE(head, offset);
    all.writeUInt16BE(position, offset + 8);
    all.writeUIntBE(first + position, offset + 10, 6);
    record.copy(all, offset + HEADER_BYTES);
    all.writeUInt32BE(crc32(all.subarray(offset + 8, end), head), offset + 4);
    offset = end;
  }
  return all;
}

/** Reads the frames of one segment from pieces of it. */
export interface FrameDecoder {
  /**
   * Takes the bytes that follow. @returns the frames that are complete now; none after a fault. Their bytes are valid
   * until the next push.
   */
  push(bytes: Buffer): readonly Frame[];
  /** The fault that stopped the decoder, or that the segment ends inside a frame. */
  end(): Fault | undefined;
  /** The index that the next record has. */
  readonly next: number;
  /** Where the next frame begins. */
  readonly offset: number;
}

/**
 * @param first the index that the first frame must have.
 * @param start its offset in the segment.
 */
export function createFrameDecoder(first: number, start = 0): FrameDecoder {
  let [next, offset] = [first, start];
  let rest: Buffer = Buffer.alloc(0);
  let fault: Fault | undefined;
  // One piece of memory for all pieces of the segment: what is outside of the heap is freed late.
  let scratch: Buffer = Buffer.alloc(0);
  const joined = (bytes: Buffer): Buffer => {
    const length = rest.length + bytes.length;
    if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(2 * length);
    rest.copy(scratch);
    bytes.copy(scratch, rest.length);
    return scratch.subarray(0, length);
  };
  return {
    push(bytes) {
      if (fault !== undefined) return [];
      const pending = rest.length === 0 ? bytes : joined(bytes);
      const frames: Frame[] = [];
      let at = 0;
      for (;;) {
        const read = readFrame(pending, at);
        if (read === 'incomplete') break;
        const what = typeof read === 'string' ? read : wrongIndex(read, next);
        if (what !== undefined) {
          fault = { offset, index: next, what };
          return frames;
        }
        const frame = read as FrameAt;
        frames.push({ ...frame, offset });
        next += 1;
        offset += frame.end - at;
        at = frame.end;
      }
      rest = at === pending.length ? NOTHING : Buffer.from(pending.subarray(at));
      return frames;
    },
    end: () => fault ?? (rest.length === 0 ? undefined : { offset, index: next, what: 'the frame is cut off' }),
    get next() {
      return next;
    },
    get offset() {
      return offset;
    },
  };
}

const NOTHING = Buffer.alloc(0);

/** Reads the frames of a whole segment, to its end or its first fault. */
export function decodeFrames(
  segment: Buffer,
  first: number,
): { readonly frames: readonly Frame[]; readonly fault: Fault | undefined } {
  const decoder = createFrameDecoder(first);
  const frames = decoder.push(segment);
  return { frames, fault: decoder.end() };
}

const wrongIndex = ({ index }: FrameAt, expected: number): string | undefined =>
  index === expected ? undefined : `the record says it is number ${index}`;

/** A frame in a buffer. */
type FrameAt = Omit<Frame, 'offset'> & {
  /** Where the next one begins. */
  readonly end: number;
};

/**
 * Reads one frame, whatever its index. @returns `incomplete` when the buffer ends before it does; else what
 * is wrong.
 */
function readFrame(buffer: Buffer, at: number): FrameAt | string {
  if (buffer.length - at < HEADER_BYTES) return 'incomplete';
  const head = buffer.readUInt32BE(at);
  const hasPosition = head >= WITH_POSITION;
  const length = hasPosition ? head - WITH_POSITION : head;
  if (length > RECORD_BYTES_MAX) return 'the length is impossible';
  const end = at + HEADER_BYTES + length;
  if (end > buffer.length) return 'incomplete';
  if (buffer.readUInt32BE(at + 4) !== crc32(buffer.subarray(at + 8, end), hasPosition ? head : 0))
    return 'the checksum does not match';
  const bytes = buffer.subarray(at + HEADER_BYTES, end);
  if (!hasPosition) return { index: Number(buffer.readBigUInt64BE(at + 8)), commit: 0, bytes, end };
  const index = buffer.readUIntBE(at + 10, 6);
  return { index, commit: index - buffer.readUInt16BE(at + 8), bytes, end };
}

/**
 * What the bytes after a fault prove: how many records of the log were acknowledged, as far as whole frames say so. A
 * damaged frame says nothing about where the next one begins, so each position is tried.
 *
 * @param index the index of the record at fault: only frames of later ones count.
 */
export function provenAfter(buffer: Buffer, index: number): number {
  let proven = 0;
  const indexMax = index + Math.ceil(buffer.length / HEADER_BYTES);
  for (let at = buffer.indexOf(WITH_POSITION_BYTE); at !== -1; at = buffer.indexOf(WITH_POSITION_BYTE, at + 1)) {
    if (buffer.length - at < HEADER_BYTES) break;
    // The index is compared before the checksum, which costs as much as the record is long.
    const said = buffer.readUIntBE(at + 10, 6);
    if (said <= index || said > indexMax) continue;
    const frame = readFrame(buffer, at);
    if (typeof frame !== 'string' && frame.commit <= frame.index) proven = Math.max(proven, frame.commit);
  }
  return proven;
}

/**
 * Where the first whole frame begins in bytes that begin anywhere in a segment. No record can hold what looks like one:
 * records are JSON texts, in which no byte is zero, and so none of them says a possible index.
 *
 * @param from where to begin.
 * @param segment the index of the first record of the segment.
 * @param segmentBytes how long the segment is, which bounds the indexes in it.
 * @returns `undefined` when there is none, as in logs of earlier versions.
 */
export function findFrame(
  buffer: Buffer,
  from: number,
  segment: number,
  segmentBytes: number,
): { readonly at: number; readonly index: number } | undefined {
  const indexMax = segment + Math.ceil(segmentBytes / HEADER_BYTES);
  for (let at = buffer.indexOf(WITH_POSITION_BYTE, from); at !== -1; at = buffer.indexOf(WITH_POSITION_BYTE, at + 1)) {
    if (buffer.length - at < HEADER_BYTES) break;
    // The index is compared before the checksum, which costs as much as the record is long.
    const index = buffer.readUIntBE(at + 10, 6);
    if (index < segment || index > indexMax) continue;
    if (typeof readFrame(buffer, at) !== 'string') return { at, index };
  }
  return undefined;
}

/** The first byte of every frame: the length takes less than 24 bits. */
const WITH_POSITION_BYTE = 0x80;
