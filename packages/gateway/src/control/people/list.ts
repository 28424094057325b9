/** `GET /api/v1/people`: who called lately, through which agents. */
import { z } from 'zod';
import { PAGE_QUERY, pageOf } from '../api/cursor.ts';
import { pageAfterName } from '../api/page-after-name.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';

const time = z.iso.datetime();

/** By issuer and subject. */
export const listPeople = route({
  method: 'GET',
  path: '/api/v1/people',
  access: 'operator',
  orRole: 'auditor',
  summary: 'Users of the tenant that have called since the gateway was started, with their agents.',
  query: z.strictObject({
    ...PAGE_QUERY,
    text: z.string().min(1).max(256).optional().describe('Part of the subject or of an agent.'),
  }),
  response: pageOf(
    z
      .object({
        issuer: z.string(),
        subject: z.string(),
        tenant: z.string(),
        roles: z.array(z.string()).describe('That the latest credential named.'),
        groups: z.array(z.string()),
        agents: z.array(z.string()).describe('Client ids, the latest last.'),
        first_seen_at: time,
        last_seen_at: time,
        calls: z.int(),
      })
      .meta({ id: 'KnownPerson' }),
  ),
  handle({ query, caller }, { activity, cursors }: Pick<ApiDeps, 'activity' | 'cursors'>) {
    const { limit, cursor, text } = query;
    const found = activity
      .people(caller.tenant.id)
      .filter(({ subject, agents }) => text === undefined || [subject, ...agents].some((name) => name.includes(text)));
    const list = { list: 'people', filter: { text: text ?? null } };
    const nameOf = ({ issuer, subject }: (typeof found)[number]): string => JSON.stringify([issuer, subject]);
    const page = pageAfterName(found, nameOf, { limit, cursor }, caller, cursors, list);
    const items = page.items.map(({ issuer, subject, roles, groups, agents, firstSeenMs, lastSeenMs, calls }) => ({
      issuer,
      subject,
      tenant: caller.tenant.id,
      roles: [...roles],
      groups: [...groups],
      agents: [...agents],
      first_seen_at: new Date(firstSeenMs).toISOString(),
      last_seen_at: new Date(lastSeenMs).toISOString(),
      calls,
    }));
    return { value: { ...page, items } };
  },
});
