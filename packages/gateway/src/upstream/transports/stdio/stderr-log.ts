/**
 * Standard error of a child goes to the log: cleaned, and a bounded number of lines per window. The last of it is kept,
 * because it often says why the child ended.
 */
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { hideSecrets, type Log } from '@sallyport/guard';
import { createLineSplitter } from '@sallyport/server/mcp/lines';
import { cleanLine } from '../failure.ts';
import { createFloodBudget } from '../flood-budget.ts';

const LINES_PER_WINDOW_MAX = 200;
const WINDOW_MS = 10_000;
const LINE_BYTES_MAX = 16_384;
const LOGGED_BYTES_MAX = 2_000;
const LAST_BYTES_MAX = 4_096;
const LAST_LINES_MAX = 5;
const LAST_CHARACTERS_MAX = 500;

/** Reading it costs little, because most lines of a flood are dropped unread. The messages are reads of the pipe. */
const FLOOD_LIMITS = {
  messageBurst: 10_000,
  messagesPerSecond: 1_000,
  byteBurst: 16 * 1024 * 1024,
  bytesPerSecond: 4 * 1024 * 1024,
};

/** Standard error of one child, while it is read. */
export interface StderrLog {
  /** The last lines, joined and cleaned; `undefined` when there are none. */
  lastLines(): string | undefined;
}

/**
 * @param secrets values of the child's settings, which are hidden wherever the child repeats them.
 * @param onFlood called once, when the child writes more than may be read. Nothing is read any more then.
 */
export function logStderr(
  stream: Readable,
  server: string,
  secrets: readonly string[],
  log: Log,
  onFlood: () => void,
): StderrLog {
  const hide = (text: string): string => hideSecrets(text, secrets);
  const logLines = createLineLog(server, hide, log);
  const budget = createFloodBudget(FLOOD_LIMITS);
  let last: Buffer = Buffer.alloc(0);
  const readAll = async (): Promise<void> => {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      // Copied, so that the few bytes do not keep the whole chunk in memory.
      last = Buffer.concat([last, chunk.subarray(-LAST_BYTES_MAX)]).subarray(-LAST_BYTES_MAX);
      logLines(chunk);
      const waitMs = budget.spend(1, chunk.length);
      if (waitMs === undefined) return onFlood();
      if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
    }
  };
  void readAll().catch(() => undefined);
  return {
    lastLines() {
      const lines = hide(last.toString('utf8')).split('\n').map(cleanLine).filter(Boolean);
      return lines.length === 0 ? undefined : lines.slice(-LAST_LINES_MAX).join(' | ').slice(-LAST_CHARACTERS_MAX);
    },
  };
}

/** @returns a function that logs the lines of a chunk, or drops it unread when too many were logged lately. */
function createLineLog(server: string, hide: (text: string) => string, log: Log): (chunk: Buffer) => void {
  const splitter = createLineSplitter(LINE_BYTES_MAX);
  let windowStartMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let droppedBytes = 0;
  return (chunk) => {
    const now = performance.now();
    if (now - windowStartMs > WINDOW_MS) {
      if (droppedBytes > 0) log('warn', 'a part of standard error was dropped', { server, bytes: droppedBytes });
      windowStartMs = now;
      lines = 0;
      droppedBytes = 0;
    }
    if (lines >= LINES_PER_WINDOW_MAX) {
      droppedBytes += chunk.length;
      return;
    }
    for (const line of splitter.split(chunk)) {
      if (line === undefined || lines >= LINES_PER_WINDOW_MAX) continue;
      lines++;
      const text = cleanLine(hide(line.subarray(0, LOGGED_BYTES_MAX).toString('utf8')));
      if (text !== '') log('debug', 'server standard error', { server, text });
    }
  };
}
