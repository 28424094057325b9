/** The admin listener: its table of routes. */
import type { Approvals, AuditLog, Clock } from '@sallyport/guard';
import type { Tile } from '@sallyport/guard/audit';
import { createDecideApproval } from './approvals/decide.ts';
import { createListApprovals } from './approvals/list.ts';
import { createShowApproval } from './approvals/show.ts';
import { createCheckpoint } from './checkpoint.ts';
import { health } from './health.ts';
import { createMetricsEndpoint, type RenderedMetrics } from './metrics.ts';
import { createReady, type Check } from './ready.ts';
import { createRouter, type RequestHandler, type AdminRoute, type RouterDeps } from './router.ts';
import { createTile } from './tile.ts';

/** What the endpoints of the admin listener read. */
export interface AdminDeps extends RouterDeps {
  readonly approvals: Approvals;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly checks: readonly Check[];
  readonly metrics: () => Promise<RenderedMetrics>;
  /** The signed checkpoint of a tenant's log; `undefined` for a tenant without one. */
  readonly checkpoint: (tenant: string) => Promise<string | undefined>;
  /** The hashes of a tile; `undefined` when the last checkpoint does not cover it. */
  readonly tile: (tenant: string, tile: Tile) => Promise<Buffer | undefined>;
}

/** The admin listener, ready to be mounted. */
export interface Admin {
  readonly handle: RequestHandler;
  /** The paths that exist, so that a test can check that it knows each of them. */
  readonly routes: readonly string[];
}

/** Builds the routes of the admin listener. */
export function createAdmin(deps: AdminDeps): Admin {
  const routes: readonly AdminRoute[] = [
    { path: /^\/health$/, endpoints: { GET: health } },
    { path: /^\/ready$/, endpoints: { GET: createReady({ checks: deps.checks, details: true }) } },
    { path: /^\/metrics$/, endpoints: { GET: createMetricsEndpoint(deps.metrics) } },
    {
      path: /^\/audit\/(_|[A-Za-z0-9][A-Za-z0-9._-]{0,63})\/checkpoint$/,
      params: ['tenant'],
      endpoints: { GET: createCheckpoint(deps.checkpoint) },
    },
    {
      path: /^\/audit\/(_|[A-Za-z0-9][A-Za-z0-9._-]{0,63})\/tile\/([0-9][0-9x/.p]{0,40})$/,
      params: ['tenant', 'tile'],
      endpoints: { GET: createTile(deps.tile) },
    },
    {
      path: /^\/api\/v1\/approvals$/,
      endpoints: { GET: createListApprovals(deps.approvals) },
      authentication: 'required',
    },
    {
      path: /^\/api\/v1\/approvals\/([0-9a-f]{32})$/,
      params: ['id'],
      endpoints: { GET: createShowApproval(deps.approvals) },
      authentication: 'required',
    },
    {
      path: /^\/api\/v1\/approvals\/([0-9a-f]{32})\/(approve|deny)$/,
      params: ['id', 'verdict'],
      endpoints: { POST: createDecideApproval(deps) },
      authentication: 'required',
    },
  ];
  return { routes: routes.map(({ path }) => path.source), handle: createRouter(routes, deps) };
}
