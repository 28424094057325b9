/** `sallyport audit tail`: new records as they are written. */
import { setTimeout as sleep } from 'node:timers/promises';
import { followRecords } from '@sallyport/server/segments/follow';
import { FILTER_OPTIONS, formatOf, limitOption, matches, type RecordFilter } from './audit-filter.ts';
import { foldersOf } from './audit-folders.ts';
import { byTime, createNewest, printRecords, recordLine, shorten, type ShortRecord } from './audit-record.ts';
import type { CommandDefinition } from './command.ts';
import type { CliIo } from './io.ts';
import { createProgress, type Progress } from './progress.ts';

const POLL_MS = 250;

/** `sallyport audit tail`. */
export const tailCommand: CommandDefinition<readonly [], RecordFilter> = {
  name: 'tail',
  summary: 'show new records as they are written, until interrupted',
  options: [...FILTER_OPTIONS, limitOption('show this many old ones first', 10)],
  example: '$ sallyport audit tail --status refused',
  run: async (_given, filter, { io }) => {
    const format = formatOf(filter);
    const interrupted = new AbortController();
    const stop = (): void => interrupted.abort();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    const readNew = recordReader(filter, io);
    const newest = createNewest(filter.limit);
    const progress = createProgress(io);
    await readNew((record) => newest.add(record), progress);
    progress.end();
    printRecords(newest.read(), format, io);
    while (!interrupted.signal.aborted) {
      await sleep(POLL_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
      const added: ShortRecord[] = [];
      await readNew((record) => added.push(record));
      for (const record of added.sort(byTime)) io.stdout(`${recordLine(record, format)}\n`);
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  },
};

/**
 * Returns a function that reads the records since its last call. Polls instead of watching: the folder of a tenant
 * without a record does not exist yet, so it cannot be watched.
 */
function recordReader(
  filter: RecordFilter,
  io: CliIo,
): (add: (record: ShortRecord) => void, progress?: Progress) => Promise<void> {
  const readers = new Map<string, ReturnType<typeof followRecords>>();
  return async (add, progress) => {
    for (const { folder, log } of await foldersOf(filter, io)) {
      const read = readers.get(folder) ?? followRecords(folder, filter.since);
      readers.set(folder, read);
      for (const record of read()) {
        progress?.record();
        const short = shorten(record, log);
        if (matches(short, filter)) add(short);
      }
    }
  };
}
