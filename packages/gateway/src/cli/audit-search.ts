/** `sallyport audit search`: the records that a filter chooses. */
import { recordsIn, segmentsSince } from '@sallyport/server/segments/read-log';
import { adminTargetIfGiven, RUNNING_OPTION } from './admin-client.ts';
import { FILTER_OPTIONS, formatOf, limitOption, matches, type RecordFilter } from './audit-filter.ts';
import { foldersOf } from './audit-folders.ts';
import { searchOverApi } from './audit-over-api.ts';
import { createNewest, printRecords, shorten } from './audit-record.ts';
import type { CommandDefinition } from './command.ts';
import { createProgress } from './progress.ts';

/** `sallyport audit search`. */
export const searchCommand: CommandDefinition<readonly [], RecordFilter & { readonly adminUrl?: string }> = {
  name: 'search',
  summary: 'find records, newest last',
  options: [...FILTER_OPTIONS, limitOption('at most this many, the newest', 100), RUNNING_OPTION],
  example: '$ sallyport audit search --tenant acme --status refused --since 2h',
  run: async (_given, filter, context) => {
    const { io } = context;
    const target = filter.from === undefined ? await adminTargetIfGiven(filter.adminUrl, context) : undefined;
    if (target !== undefined) return printRecords(await searchOverApi(target, filter), formatOf(filter), io);
    const folders = await foldersOf(filter, io);
    const newest = createNewest(filter.limit);
    const progress = createProgress(io);
    for (const { folder, log } of folders)
      for (const record of recordsIn(folder, [], segmentsSince(folder, filter.since))) {
        progress.record();
        const short = shorten(record, log);
        if (matches(short, filter)) newest.add(short);
      }
    progress.end();
    printRecords(newest.read(), formatOf(filter), io);
  },
};
