import type { Readable } from 'node:stream';
import { createLineSplitter } from '../../mcp/lines.ts';

/**
 * Reads lines of at most `lineBytesMax` from a stream; `undefined` stands for a longer one. Empty lines are skipped.
 * Waits for what `onLine` returns before it reads on. Resolves when the stream ends; what follows the last line break
 * is no line.
 */
export async function readLines(
  input: Readable,
  lineBytesMax: number,
  onLine: (line: Buffer | undefined) => Promise<void> | undefined,
): Promise<void> {
  const splitter = createLineSplitter(lineBytesMax);
  for await (const chunk of input as AsyncIterable<Buffer | string>)
    for (const line of splitter.split(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) {
      const done = line?.length === 0 ? undefined : onLine(line);
      // Lines that need no wait are taken in one turn of the event loop.
      if (done !== undefined) await done;
    }
}
