/** `sallyport audit search`: the records that a filter chooses. */
import { readRecords } from '../adapters/segments/verify.ts';
import { FILTER_OPTIONS, formatOf, limitOption, matches, type RecordFilter } from './audit-filter.ts';
import { foldersOf } from './audit-folders.ts';
import { byTime, printRecords, shorten } from './audit-record.ts';
import type { CommandDefinition } from './command.ts';

/** `sallyport audit search`. */
export const searchCommand: CommandDefinition<readonly [], RecordFilter> = {
  name: 'search',
  summary: 'find records, newest last',
  options: [...FILTER_OPTIONS, limitOption('at most this many, the newest', 100)],
  example: '$ sallyport audit search --tenant acme --status refused --since 2h',
  run: async (_given, filter, { io }) => {
    const folders = await foldersOf(filter, io);
    const records = folders
      .flatMap(({ folder, log }) => readRecords(folder).records.map((record) => shorten(record, log)))
      .filter((record) => matches(record, filter))
      .sort(byTime);
    printRecords(records.slice(-filter.limit), formatOf(filter), io);
  },
};
