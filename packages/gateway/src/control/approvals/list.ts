/** `GET /api/v1/approvals`: the requests that the caller may see, oldest first. */
import { isObject, isSamePerson, type FiledApproval, type Json } from '@sallyport/guard';
import { z } from 'zod';
import { PAGE_QUERY, pageOf } from '../api/cursor.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { approvalSchema, maySee, STATUSES, statusOf, viewOf } from './view.ts';

const NAME = z.string().max(256).optional();

/** For everybody who is signed in: each sees what concerns them. */
export const listApprovals = route({
  method: 'GET',
  path: '/api/v1/approvals',
  access: 'person',
  summary: 'Requests for approval, oldest first.',
  description: 'A viewer sees all of the tenant; others see their own and those that they may decide.',
  query: z.strictObject({
    ...PAGE_QUERY,
    status: z.enum(STATUSES).optional(),
    server: NAME,
    tool: NAME,
    user: NAME.describe('Subject of the requester.'),
    mine: z.literal('1').optional().describe('Only those of the caller.'),
  }),
  response: pageOf(approvalSchema),
  async handle({ query, caller }, deps: Pick<ApiDeps, 'approvals' | 'clock' | 'toolOf' | 'cursors'>) {
    const { limit, cursor, ...filter } = query;
    const name = { list: 'approvals', filter };
    const after = positionOf(deps.cursors.open(caller, name, cursor));
    const all = await deps.approvals.list({ tenant: caller.tenant.id });
    const found = all
      .filter((filed) => maySee(caller, filed) && matches(filed))
      .filter((filed) => after === undefined || isAfter(filed, after));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      value: {
        items: page.map((filed) => viewOf(filed, caller, deps)),
        ...(last !== undefined &&
          found.length > limit && {
            next_cursor: deps.cursors.seal(caller, name, { at: last.createdAtMs, id: last.id }),
          }),
      },
    };

    function matches(filed: FiledApproval): boolean {
      const { status, server, tool, user, mine } = filter;
      if (status !== undefined && statusOf(filed, deps.clock.now()) !== status) return false;
      if (server !== undefined && filed.server !== server) return false;
      if (tool !== undefined && filed.tool !== tool) return false;
      if (user !== undefined && filed.requester.subject !== user) return false;
      return mine === undefined || isSamePerson(filed.requester, caller.principal.user);
    }
  },
});

/** The last request of the page before. */
interface Position {
  readonly at: number;
  readonly id: string;
}

const positionOf = (position: Json | undefined): Position | undefined =>
  isObject(position) ? { at: Number(position['at']), id: String(position['id']) } : undefined;

const isAfter = ({ createdAtMs, id }: FiledApproval, { at, id: lastId }: Position): boolean =>
  createdAtMs > at || (createdAtMs === at && id > lastId);
