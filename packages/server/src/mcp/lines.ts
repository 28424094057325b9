/**
 * Splits a stream of bytes into lines at LF; a CR before it is dropped. MCP sends one message per line over stdio
 * (MCP, basic/transports, stdio), and server-sent events are lines, too. No more than one line within the limit is
 * kept in memory, however small the pieces are in which it arrives.
 */
import { createByteBuffer } from '@sallyport/guard';

export interface LineSplitter {
  /**
   * Yields the lines that the bytes complete. `undefined` stands for a line longer than the limit: it is yielded
   * once, as soon as the limit is passed, and the rest of that line is dropped. Bytes after the last LF wait for the
   * next call.
   */
  split(bytes: Buffer): Generator<Buffer | undefined, void, undefined>;
  /** The most memory that the beginning of a line held at once. */
  readonly heldBytesPeak: number;
}

const LF = 0x0a;
const CR = 0x0d;

/** @param lineBytesMax longest accepted line, without its LF. */
export function createLineSplitter(lineBytesMax: number): LineSplitter {
  /** The beginning of a line whose end has not arrived. */
  const begun = createByteBuffer();
  let lineBytes = 0;
  return {
    get heldBytesPeak() {
      return begun.heldBytesPeak;
    },
    *split(bytes) {
      for (let start = 0; start < bytes.length;) {
        const end = bytes.indexOf(LF, start);
        const part = bytes.subarray(start, end === -1 ? bytes.length : end);
        const wasTooLong = lineBytes > lineBytesMax;
        lineBytes += part.length;
        const isTooLong = lineBytes > lineBytesMax;
        const isWhole = end !== -1 && begun.length === 0;
        if (isTooLong) begun.take();
        else if (!isWhole) begun.append(part);
        if (isTooLong && !wasTooLong) yield undefined;
        if (end === -1) return;
        const line = isTooLong ? undefined : withoutCr(isWhole ? part : begun.take());
        lineBytes = 0;
        start = end + 1;
        if (line !== undefined) yield line;
      }
    },
  };
}

const withoutCr = (line: Buffer): Buffer => (line.at(-1) === CR ? line.subarray(0, -1) : line);
