/** How far a long command is: on standard error when that is a terminal, after a second. A pipe gets nothing. */
import type { CliIo } from './io.ts';

const SILENT_MS = 1_000;
const BETWEEN_MS = 200;
/** The time is asked for at every so many records. */
const RECORDS_PER_LOOK = 1_024;

/** The progress of one command. */
export interface Progress {
  /** Counts one record. */
  record(): void;
  /** Removes the line, before the command prints what it found. */
  end(): void;
}

/** @param nowMs a clock that is never set back or forth. */
export function createProgress(io: CliIo, nowMs: () => number = () => performance.now()): Progress {
  if (io.isTerminal !== true) return { record: () => undefined, end: () => undefined };
  let records = 0;
  let width = 0;
  let nextMs = nowMs() + SILENT_MS;
  return {
    record() {
      records += 1;
      if (records % RECORDS_PER_LOOK !== 0 || nowMs() < nextMs) return;
      nextMs = nowMs() + BETWEEN_MS;
      const line = `${records} records read`;
      width = line.length;
      io.stderr(`\r${line}`);
    },
    end() {
      if (width > 0) io.stderr(`\r${' '.repeat(width)}\r`);
      width = 0;
    },
  };
}
