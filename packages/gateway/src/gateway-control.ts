/** Composition of the control plane: what the admin listener judges callers with, and what its endpoints work with. */
import type { IncomingMessage } from 'node:http';
import type { Guard } from '@sallyport/guard';
import { readAuthorization } from '@sallyport/guard/stages';
import type { ApiCaller } from './control/api/access.ts';
import { createCursors } from './control/api/cursor.ts';
import { createAdmin, type Admin } from './control/admin.ts';
import { createDashboard } from './control/dashboard/dashboard.ts';
import { readDashboardFiles } from './control/dashboard/files.ts';
import type { Check } from './control/ready.ts';
import { rolesOfToken } from './control/roles.ts';
import type { Discovery } from './discovery.ts';
import { openReads } from './gateway-reads.ts';
import type { GuardedUpstreams, Resources } from './resources.ts';
import { headerValues } from './listen/header-values.ts';
import { VERSION } from './mcp/implementation.ts';

/** The endpoints of the admin listener. */
export function openAdmin(
  resources: Resources,
  guarded: GuardedUpstreams,
  checks: readonly Check[],
  discovery: Discovery | undefined,
): Admin {
  const { guard, upstreams } = guarded;
  const reads = openReads(resources, guarded, discovery);
  const { approvals, audit, clock, log, metrics, sealer, settings } = resources;
  const admin = createAdmin({
    listenHost: settings.current().snapshot.admin.listen.host,
    authenticate: (request) => authenticate(resources, guard, request),
    // Browsers send no bearer token by themselves, so nothing that another page sends is accepted.
    checkOrigin: () => undefined,
    pages: createDashboard(readDashboardFiles()),
    clock,
    log,
    version: VERSION,
    checks,
    metrics: () => metrics.read(),
    checkpoint: (tenant) => audit.checkpoint(tenant),
    tile: (tenant, tile) => audit.tile(tenant, tile),
    api: {
      ...reads.api,
      approvals,
      audit,
      clock,
      cursors: createCursors(sealer),
      toolOf: (server, name) => upstreams.catalog.find({ kind: 'tool', server, name }),
    },
  });
  return {
    ...admin,
    close() {
      reads.close();
      admin.close();
    },
  };
}

/** Who sends a request. A credential that is not meant for the control API is none. */
async function authenticate(
  { settings }: Resources,
  guard: Guard,
  request: IncomingMessage,
): Promise<ApiCaller | undefined> {
  const credentials = readAuthorization(headerValues(request, 'authorization'));
  if (credentials.kind === 'none') return undefined;
  const identity = await guard.identify(credentials);
  const roles = rolesOfToken(identity, settings.current().snapshot);
  return roles === undefined ? undefined : { ...identity, ...roles, session: undefined };
}
