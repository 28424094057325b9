/**
 * Reads standard output of a child, line by line. Nothing more is read before the lines of the last chunk have been
 * handled, so that a child that writes faster than it may has to wait (B6).
 */
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { createLineSplitter } from '@sallyport/server/mcp/lines';
import { createFloodBudget, MESSAGE_FLOOD_LIMITS } from '../flood-budget.ts';

/** Lines that are handled before everybody else has a turn. */
const LINES_PER_TURN_MAX = 64;

/**
 * @param onLine handles one line. @returns how many of its messages nobody asked for.
 * @returns why reading ended before the end of the stream; `undefined` at its end.
 */
export async function readLines(
  stdout: Readable,
  lineBytesMax: number,
  onLine: (line: Buffer) => number,
): Promise<string | undefined> {
  const splitter = createLineSplitter(lineBytesMax);
  const budget = createFloodBudget(MESSAGE_FLOOD_LIMITS);
  let linesOfTurn = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    for (const line of splitter.split(chunk)) {
      if (line === undefined) return 'a line on standard output is longer than the limit';
      const unasked = onLine(line);
      const waitMs = budget.spend(unasked, unasked === 0 ? 0 : line.length);
      if (waitMs === undefined) return 'the process floods standard output';
      if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
      else if (++linesOfTurn % LINES_PER_TURN_MAX === 0) await nextTurn();
    }
  }
  return undefined;
}
