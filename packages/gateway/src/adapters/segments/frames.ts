/**
 * The frame of a record in a segment file: length (4 bytes), CRC-32 (4), index (8), then the bytes, all big-endian. The
 * CRC covers index and bytes. The index shows when a record was moved, doubled or removed.
 */
import { crc32 } from 'node:zlib';

/** Length, CRC-32 and index. */
export const HEADER_BYTES = 16;
/** A longer record is a damaged length. */
export const RECORD_BYTES_MAX = 4 * 1024 * 1024;

/** A record as it was read from a segment. */
export interface Frame {
  readonly index: number;
  /** Offset of the frame in the segment. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Where reading a segment had to stop. */
export interface Fault {
  readonly offset: number;
  /** The index that the record at fault should have. */
  readonly index: number;
  readonly what: string;
  /** True when the segment ends inside the frame. */
  readonly incomplete: boolean;
}

/**
 * All frames of a batch in one buffer.
 * @param first the index of the first record.
 */
export function encodeFrames(first: number, records: readonly Buffer[]): Buffer {
  const all = Buffer.allocUnsafe(records.reduce((bytes, record) => bytes + HEADER_BYTES + record.length, 0));
  let offset = 0;
  for (const [number, record] of records.entries()) {
    const end = offset + HEADER_BYTES + record.length;
    all.writeUInt32BE(record.length, offset);
    all.writeBigUInt64BE(BigInt(first + number), offset + 8);
    record.copy(all, offset + HEADER_BYTES);
    all.writeUInt32BE(crc32(all.subarray(offset + 8, end)), offset + 4);
    offset = end;
  }
  return all;
}

/**
 * Reads the frames of one segment, to its end or its first fault.
 * @param first the index that the first frame must have.
 */
export function decodeFrames(
  segment: Buffer,
  first: number,
): { readonly frames: Frame[]; readonly fault: Fault | undefined } {
  const frames: Frame[] = [];
  for (let offset = 0; offset < segment.length;) {
    const index = first + frames.length;
    const fault = (what: string, incomplete = false): { frames: Frame[]; fault: Fault } => ({
      frames,
      fault: { offset, index, what, incomplete },
    });
    if (segment.length - offset < HEADER_BYTES) return fault('the frame is cut off', true);
    const length = segment.readUInt32BE(offset);
    const end = offset + HEADER_BYTES + length;
    if (length > RECORD_BYTES_MAX) return fault('the length is impossible');
    if (end > segment.length) return fault('the frame is cut off', true);
    if (segment.readUInt32BE(offset + 4) !== crc32(segment.subarray(offset + 8, end)))
      return fault('the checksum does not match');
    if (segment.readBigUInt64BE(offset + 8) !== BigInt(index))
      return fault(`the record says it is number ${segment.readBigUInt64BE(offset + 8)}`);
    frames.push({ index, offset, bytes: segment.subarray(offset + HEADER_BYTES, end) });
    offset = end;
  }
  return { frames, fault: undefined };
}
