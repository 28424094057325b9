/** `GET /api/v1/calls/export`: the records themselves, one JSON text per line, newest first. */
import { z } from 'zod';
import { linesRoute } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { CALL_FILTER, recordQueryOf, type CallFilter } from './filter.ts';
import type { FoundRecord, SearchPosition } from '@sallyport/server/record-search';
import { logOwner, SCOPE } from './scope.ts';
import { recordSchema } from './view.ts';

/** So many records are found before the first of them is sent on. */
const RECORDS_AT_ONCE = 500;
const BYTES_AT_ONCE = 16 * 1024 * 1024;

/** Ends with the log, or when its reader goes. */
export const exportCalls = linesRoute({
  method: 'GET',
  path: '/api/v1/calls/export',
  access: 'auditor',
  summary: 'The records of calls, as a stream.',
  query: z.strictObject({
    ...SCOPE,
    ...CALL_FILTER,
    limit: z
      .string()
      .regex(/^[1-9]\d{0,6}$/)
      .transform(Number)
      .optional()
      .describe('At most so many; all when left out.'),
  }),
  response: recordSchema,
  lines({ query: { scope, ...query }, caller, signal }, deps: Pick<ApiDeps, 'records'>) {
    return recordsOf(query, logOwner(caller, scope), signal, deps);
  },
});

async function* recordsOf(
  { limit = Infinity, ...filter }: CallFilter & { readonly limit?: number | undefined },
  owner: string,
  signal: AbortSignal,
  { records }: Pick<ApiDeps, 'records'>,
): AsyncIterable<FoundRecord> {
  let from: SearchPosition | undefined;
  let left = limit;
  do {
    const search = { ...recordQueryOf(filter), limit: Math.min(left, RECORDS_AT_ONCE), bytesMax: BYTES_AT_ONCE, from };
    const { found, next } = await records.search(owner, search, filter.log);
    yield* found;
    left -= found.length;
    from = next;
  } while (from !== undefined && left > 0 && !signal.aborted);
}
