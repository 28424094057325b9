/** The admin listener: the control API, and what monitors and witnesses read. */
import type { Tile } from '@sallyport/guard/audit';
import { openApiDocument } from './api/openapi.ts';
import { createApiServer, type ServeDeps } from './api/serve.ts';
import { createCheckpoint } from './checkpoint.ts';
import type { ApiDeps } from './deps.ts';
import { health } from './health.ts';
import { createMetricsEndpoint, type RenderedMetrics } from './metrics.ts';
import { createReady, type Check } from './ready.ts';
import { createRouter, type AdminRoute, type RequestHandler, type RouterDeps } from './router.ts';
import { API_ROUTES } from './routes.ts';
import { createSignInHandler, type SignInDeps } from './sign-in/handle.ts';
import { createTile } from './tile.ts';

/** What the endpoints of the admin listener read. */
export interface AdminDeps extends Omit<RouterDeps, 'api' | 'signIn' | 'log'>, ServeDeps {
  readonly api: Omit<ApiDeps, 'openApi'>;
  readonly signIn: SignInDeps;
  /** Of this program. */
  readonly version: string;
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
  /** The paths outside the control API that exist, so that a test can check that it knows each of them. */
  readonly routes: readonly string[];
  /** Ends event streams. */
  close(): void;
}

/** Builds the routes of the admin listener. @throws Error when the table of the control API is not right. */
export function createAdmin(deps: AdminDeps): Admin {
  const routes: readonly AdminRoute[] = [
    { path: /^\/health$/, get: health },
    { path: /^\/ready$/, get: createReady({ checks: deps.checks, details: true }) },
    { path: /^\/metrics$/, get: createMetricsEndpoint(deps.metrics) },
    {
      path: /^\/audit\/(_|[A-Za-z0-9][A-Za-z0-9._-]{0,63})\/checkpoint$/,
      params: ['tenant'],
      get: createCheckpoint(deps.checkpoint),
    },
    {
      path: /^\/audit\/(_|[A-Za-z0-9][A-Za-z0-9._-]{0,63})\/tile\/([0-9][0-9x/.p]{0,40})$/,
      params: ['tenant', 'tile'],
      get: createTile(deps.tile),
    },
  ];
  let document: Record<string, unknown> | undefined;
  const openApi = (): Record<string, unknown> => (document ??= { ...openApiDocument(API_ROUTES, deps.version) });
  const api = createApiServer(API_ROUTES, { ...deps.api, openApi }, deps);
  return {
    routes: routes.map(({ path }) => path.source),
    handle: createRouter(routes, { ...deps, api: api.handle, signIn: createSignInHandler(deps.signIn) }),
    close: () => api.close(),
  };
}
