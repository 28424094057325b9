/** `GET /api/v1/keys`: the API keys of the tenant, without their secrets. */
import { z } from 'zod';
import { PAGE_QUERY, pageOf } from '../api/cursor.ts';
import { pageAfterName } from '../api/page-after-name.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { keySchema, keyView } from './view.ts';

/** In the order in which they were made. */
export const listKeys = route({
  method: 'GET',
  path: '/api/v1/keys',
  access: 'operator',
  summary: 'API keys of the tenant, oldest first.',
  query: z.strictObject({
    ...PAGE_QUERY,
    state: z.enum(['in_force', 'revoked', 'expired']).optional(),
    text: z.string().min(1).max(256).optional().describe('Part of the name, the user or the id.'),
  }),
  response: pageOf(keySchema),
  async handle({ query, caller }, deps: Pick<ApiDeps, 'keys' | 'activity' | 'clock' | 'cursors'>) {
    const { limit, cursor, ...filter } = query;
    const now = deps.clock.now();
    const stateOf = ({ revokedAtMs, expiresAtMs = Infinity }: (typeof all)[number]): string => {
      if (revokedAtMs !== undefined) return 'revoked';
      return expiresAtMs <= now ? 'expired' : 'in_force';
    };
    // The store is asked for one tenant, and what it answers is not believed to be of it.
    const all = (await deps.keys.list(caller.tenant.id)).filter(({ tenant }) => tenant === caller.tenant.id);
    const found = all.filter(
      (key) =>
        (filter.state === undefined || stateOf(key) === filter.state) &&
        (filter.text === undefined || [key.name, key.subject, key.id].some((text) => text.includes(filter.text ?? ''))),
    );
    const nameOf = ({ createdAtMs, id }: (typeof all)[number]): string =>
      `${String(createdAtMs).padStart(16, '0')} ${id}`;
    const page = pageAfterName(found, nameOf, { limit, cursor }, caller, deps.cursors, { list: 'keys', filter });
    return { value: { ...page, items: page.items.map((key) => keyView(key, deps)) } };
  },
});
