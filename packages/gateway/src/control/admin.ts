/** The admin listener: its table of routes. Nothing in it changes anything. */
import type { Tile } from '@sallyport/guard/audit';
import { createCheckpoint } from './checkpoint.ts';
import { health } from './health.ts';
import { createMetricsEndpoint, type RenderedMetrics } from './metrics.ts';
import { createReady, type Check } from './ready.ts';
import { createRouter, type RequestHandler, type AdminRoute, type RouterDeps } from './router.ts';
import { createTile } from './tile.ts';

/** What the endpoints of the admin listener read. */
export interface AdminDeps extends RouterDeps {
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
  ];
  return { routes: routes.map(({ path }) => path.source), handle: createRouter(routes, deps) };
}
