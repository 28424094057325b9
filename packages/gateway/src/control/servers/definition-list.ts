/** `GET /api/v1/servers/{name}/definitions`: what a server shows, and what of it is approved. */
import { z } from 'zod';
import { PAGE_QUERY, pageOf } from '../api/cursor.ts';
import { pageAfterName } from '../api/page-after-name.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { definitionSchema, definitionsOf, KINDS } from './definitions.ts';
import { configuredServer, SERVER_PARAMS } from './show.ts';

/** By kind and name. */
export const listDefinitions = route({
  method: 'GET',
  path: '/api/v1/servers/{name}/definitions',
  access: 'viewer',
  summary: 'Definitions of a server: approved, waiting, changed and withheld ones.',
  params: z.strictObject(SERVER_PARAMS),
  query: z.strictObject({
    ...PAGE_QUERY,
    kind: z.enum(KINDS).optional(),
    state: z.enum(['approved', 'pending', 'changed', 'rejected', 'withheld']).optional(),
    text: z.string().max(256).optional().describe('Part of the name.'),
  }),
  response: pageOf(definitionSchema),
  async handle({ params, query, caller }, deps: Pick<ApiDeps, 'servers' | 'pins' | 'cursors'>) {
    configuredServer(deps, params.name);
    const { limit, cursor, ...filter } = query;
    const found = (await definitionsOf(deps.pins, params.name)).filter(
      ({ kind, state, name }) =>
        (filter.kind === undefined || kind === filter.kind) &&
        (filter.state === undefined || state === filter.state) &&
        (filter.text === undefined || name.includes(filter.text)),
    );
    const list = { list: 'definitions', filter: { ...filter, server: params.name } };
    const nameOf = ({ kind, name }: (typeof found)[number]): string => `${kind} ${name}`;
    const page = pageAfterName(found, nameOf, { limit, cursor }, caller, deps.cursors, list);
    return { value: { ...page, items: [...page.items] } };
  },
});
