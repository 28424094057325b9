/** `GET /api/v1/approvals`: the requests that the caller may see, oldest first. */
import {
  isObject,
  type ApprovalFilter,
  type ApprovalPage,
  type ApprovalStatus,
  type FiledApproval,
  type Json,
} from '@sallyport/guard';
import { z } from 'zod';
import { PAGE_QUERY, pageOf } from '../api/cursor.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { approvalSchema, maySee, STATUSES, viewOf } from './view.ts';

/** Requests that are read for one page; the page may be short, or empty, and say where the next one begins. */
const READ_MAX = 2_000;
const NAME = z.string().max(256).optional();

/** For everybody who is signed in: each sees what concerns them. */
export const listApprovals = route({
  method: 'GET',
  path: '/api/v1/approvals',
  access: 'person',
  summary: 'Requests for approval, oldest first.',
  description:
    'A viewer sees all of the tenant; others see their own and those that they may decide. With `next_cursor` there ' +
    'is more to read, also when the page is short or empty.',
  query: z.strictObject({
    ...PAGE_QUERY,
    status: z.enum(STATUSES).optional(),
    server: NAME,
    tool: NAME,
    user: NAME.describe('Subject of the requester.'),
    mine: z.literal('1').optional().describe('Only those of the caller.'),
  }),
  errors: ['APPROVALS_UNAVAILABLE'],
  response: pageOf(approvalSchema),
  async handle({ query, caller }, deps: Pick<ApiDeps, 'approvals' | 'clock' | 'toolOf' | 'cursors'>) {
    const { limit, cursor, ...filter } = query;
    const name = { list: 'approvals', filter };
    const { user, mine, ...named } = filter;
    const asked: ApprovalFilter = {
      tenant: caller.tenant.id,
      ...withoutAbsent(named),
      ...(user !== undefined && { subject: user }),
      ...(mine !== undefined && { requester: caller.principal.user }),
    };
    const found: FiledApproval[] = [];
    let last = positionOf(deps.cursors.open(caller, name, cursor));
    // Who sees only some requests gets full pages, too, unless far too many of others are in between (B5).
    let isMore = true;
    for (let read = 0; isMore && found.length <= limit && read < READ_MAX;) {
      const page = await deps.approvals.list(asked, { limit: limit + 1, ...(last !== undefined && { after: last }) });
      found.push(...page.filter((filed) => maySee(caller, filed)));
      isMore = page.length > limit;
      read += page.length;
      last = page.at(-1);
    }
    const items = found.slice(0, limit);
    const end = found.length > limit ? items.at(-1) : last;
    return {
      value: {
        items: items.map((filed) => viewOf(filed, caller, deps)),
        ...(end !== undefined &&
          (found.length > limit || isMore) && {
            next_cursor: deps.cursors.seal(caller, name, { at: end.createdAtMs, id: end.id }),
          }),
      },
    };
  },
});

type Position = NonNullable<ApprovalPage['after']>;

const positionOf = (position: Json | undefined): Position | undefined =>
  isObject(position) ? { createdAtMs: Number(position['at']), id: String(position['id']) } : undefined;

function withoutAbsent({
  status,
  server,
  tool,
}: {
  readonly status?: ApprovalStatus | undefined;
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
}): ApprovalFilter {
  return {
    ...(status !== undefined && { status }),
    ...(server !== undefined && { server }),
    ...(tool !== undefined && { tool }),
  };
}
