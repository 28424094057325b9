/** `GET /api/v1/servers`: the configured servers. */
import { z } from 'zod';
import { PAGE_QUERY, pageOf } from '../api/cursor.ts';
import { pageAfterName } from '../api/page-after-name.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { serverSchema, serverView } from './view.ts';

/** Sorted by name. */
export const listServers = route({
  method: 'GET',
  path: '/api/v1/servers',
  access: 'viewer',
  summary: 'The configured servers, by name.',
  query: z.strictObject(PAGE_QUERY),
  response: pageOf(serverSchema),
  async handle({ query, caller }, deps: Pick<ApiDeps, 'servers' | 'activity' | 'pins' | 'cursors'>) {
    const pending = await deps.pins.pendingDigests();
    const page = pageAfterName(deps.servers.settings(), ({ name }) => name, query, caller, deps.cursors, {
      list: 'servers',
      filter: {},
    });
    return { value: { ...page, items: page.items.map((settings) => serverView(settings, pending, caller, deps)) } };
  },
});
