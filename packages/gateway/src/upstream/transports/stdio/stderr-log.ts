/** Standard error of a child goes to the log: cleaned, and a bounded number of lines per window. */
import type { Readable } from 'node:stream';
import type { Log } from '@sallyport/guard';
import { createLineSplitter } from '../../../mcp/lines.ts';
import { cleanLine } from '../failure.ts';

const LINES_PER_WINDOW_MAX = 200;
const WINDOW_MS = 10_000;
const LINE_BYTES_MAX = 16_384;
const LOGGED_BYTES_MAX = 2_000;

/** @param stream standard error of the child of `server`. */
export function logStderr(stream: Readable, server: string, log: Log): void {
  let windowStartMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let dropped = 0;
  const logLine = (line: Buffer): void => {
    const now = performance.now();
    if (now - windowStartMs > WINDOW_MS) {
      if (dropped > 0) log('warn', 'lines of standard error were dropped', { server, dropped });
      windowStartMs = now;
      lines = 0;
      dropped = 0;
    }
    if (++lines > LINES_PER_WINDOW_MAX) {
      dropped++;
      return;
    }
    const text = cleanLine(line.subarray(0, LOGGED_BYTES_MAX).toString('utf8'));
    if (text !== '') log('debug', 'server standard error', { server, text });
  };
  const splitter = createLineSplitter(LINE_BYTES_MAX);
  stream.on('data', (chunk: Buffer) => {
    for (const line of splitter.split(chunk)) if (line !== undefined) logLine(line);
  });
  stream.on('error', () => undefined);
}
