/** B5 U14: a list for somebody who sees little of it. */
import type { ApprovalPage, FiledApproval } from '@sallyport/guard';
import { createManualClock } from '@sallyport/guard/memory';
import { expect, it } from 'vitest';
import { filedApproval } from '../../channels/testing/notices.mts';
import type { Cursors } from '../api/cursor.ts';
import type { ApiRoute } from '../api/route.ts';
import { as, callerOf, openApi } from '../testing/open-api.mts';
import { listApprovals } from './list.ts';

const OTHERS = 5_000;
const idOf = (at: number): string => at.toString(16).padStart(32, '0');
/** The last one is the caller's own. */
const all: readonly FiledApproval[] = Array.from({ length: OTHERS + 1 }, (_, at) =>
  filedApproval({
    id: idOf(at),
    createdAtMs: at,
    requester: { issuer: 'https://i', subject: at === OTHERS ? 'mallory' : 'alice' },
  }),
);

it('B5 one request reads a part of the list, and says where the next one begins', async () => {
  let read = 0;
  const cursors: Cursors = {
    seal: (_caller, _name, position) => Buffer.from(JSON.stringify(position)).toString('base64url'),
    open: (_caller, _name, cursor) =>
      cursor === undefined ? undefined : (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as never),
  };
  const approvals = {
    async list(_filter: unknown, { limit, after }: ApprovalPage) {
      const page = all.slice(after === undefined ? 0 : after.createdAtMs + 1).slice(0, limit);
      read += page.length;
      return page;
    },
  };
  const deps = { approvals, cursors, clock: createManualClock(), toolOf: () => undefined };
  const routes = [listApprovals] as unknown as readonly ApiRoute<typeof deps>[];
  const server = await openApi(routes, deps, { mallory: callerOf('mallory', []) });
  try {
    const found: string[] = [];
    let requests = 0;
    let cursor: unknown;
    do {
      const before = read;
      const query = cursor === undefined ? '' : `&cursor=${String(cursor)}`;
      const { document } = await server.send('GET', `/api/v1/approvals?limit=50${query}`, undefined, as('mallory'));
      found.push(...(document['items'] as readonly { readonly id: string }[]).map(({ id }) => id));
      expect(read - before).toBeLessThanOrEqual(2_100);
      cursor = document['next_cursor'];
      requests += 1;
    } while (cursor !== undefined);
    expect([found, requests]).toEqual([[idOf(OTHERS)], 3]);
  } finally {
    await server.close();
  }
});
