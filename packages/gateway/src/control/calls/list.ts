/** `GET /api/v1/calls`: calls of the tenant, newest first, from its audit logs. */
import { isObject, type Json } from '@sallyport/guard';
import { z } from 'zod';
import { PAGE_QUERY, pageOf } from '../api/cursor.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { CALL_FILTER, recordQueryOf } from './filter.ts';
import type { SearchPosition } from '@sallyport/server/record-search';
import { logOwner, SCOPE } from './scope.ts';
import { callSchema, callView } from './view.ts';

/** So much is read for one page; a page may be short, or empty, and say where the next one begins. */
export const PAGE_BYTES_MAX = 64 * 1024 * 1024;

/** A search of a large log comes in pages: each reads so much and no more. */
export const listCalls = route({
  method: 'GET',
  path: '/api/v1/calls',
  access: 'auditor',
  summary: 'Calls that ended, newest first.',
  description:
    'A page ends when it has enough or has read enough of the log: with `next_cursor` there is more to read, ' +
    'also when the page is empty.',
  query: z.strictObject({ ...PAGE_QUERY, ...SCOPE, ...CALL_FILTER }),
  errors: ['RATE_LIMITED'],
  response: pageOf(callSchema),
  async handle({ query, caller }, deps: Pick<ApiDeps, 'records' | 'cursors'>) {
    const { limit, cursor, scope, ...filter } = query;
    const owner = logOwner(caller, scope);
    const list = { list: 'calls', filter: { ...filter, scope } };
    const from = positionOf(deps.cursors.open(caller, list, cursor));
    const search = { ...recordQueryOf(filter), limit, bytesMax: PAGE_BYTES_MAX, from };
    const { found, next } = await deps.records.search(owner, search, filter.log);
    const cursorOf = (position: SearchPosition): string =>
      deps.cursors.seal(caller, list, Object.fromEntries(Object.entries(position)) as Record<string, Json>);
    return { value: { items: found.map(callView), ...(next !== undefined && { next_cursor: cursorOf(next) }) } };
  },
});

/** What was sealed is a position. */
function positionOf(position: Json | undefined): SearchPosition | undefined {
  if (!isObject(position)) return undefined;
  const logs = Object.entries(position).map(([log, at]) => {
    const [segment, offset] = Array.isArray(at) ? (at as readonly Json[]) : [];
    return [log, [Number(segment), Number(offset)] as const] as const;
  });
  return Object.fromEntries(logs);
}
