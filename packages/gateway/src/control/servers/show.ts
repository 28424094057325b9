/** `GET /api/v1/servers/{name}`: one server. */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import type { ServerSettings } from '../../snapshot.ts';
import { serverSchema, serverView } from './view.ts';

/** Parameters of every path that names a server. */
export const SERVER_PARAMS = { name: z.string().regex(/^[a-z0-9-]{1,32}$/) };

/** @throws ApiProblem for a name that is not configured. */
export function configuredServer({ servers }: Pick<ApiDeps, 'servers'>, name: string): ServerSettings {
  const found = servers.settings().find((settings) => settings.name === name);
  if (found === undefined) throw new ApiProblem('NOT_FOUND', { detail: 'There is no such server.' });
  return found;
}

/** The path names it. */
export const getServer = route({
  method: 'GET',
  path: '/api/v1/servers/{name}',
  access: 'viewer',
  summary: 'One server.',
  params: z.strictObject(SERVER_PARAMS),
  response: serverSchema,
  async handle({ params, caller }, deps: Pick<ApiDeps, 'servers' | 'activity' | 'pins'>) {
    const settings = configuredServer(deps, params.name);
    return { value: serverView(settings, await deps.pins.pendingDigests(), caller, deps) };
  },
});
