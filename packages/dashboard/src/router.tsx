/** The addresses of the pages. The gateway serves the same ones: control/dashboard/addresses.ts. */
import type { QueryClient } from '@tanstack/react-query';
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { NotFound } from './pages/not-found.tsx';
import { PageFailed } from './pages/page-failed.tsx';
import { Root } from './shell/shell.tsx';

type Search = Readonly<Record<string, string>>;

/** Filters are plain text in the address: `?status=pending&tool=refund`. */
const parseSearch = (text: string): Search => Object.fromEntries(new URLSearchParams(text));

function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const text = new URLSearchParams(given.filter(([, value]) => value !== '')).toString();
  return text === '' ? '' : `?${text}`;
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });
const validateSearch = (search: Readonly<Record<string, unknown>>): Search => parseSearch(stringifySearch(search));
const page = { getParentRoute: () => root, validateSearch };

const routes = root.addChildren([
  createRoute({
    ...page,
    path: '/',
    component: lazyRouteComponent(() => import('./pages/overview/page.tsx'), 'OverviewPage'),
  }),
  createRoute({
    ...page,
    path: '/approvals',
    component: lazyRouteComponent(() => import('./pages/approvals/queue.tsx'), 'ApprovalsPage'),
  }),
  createRoute({
    ...page,
    path: '/approvals/$id',
    component: lazyRouteComponent(() => import('./pages/approvals/request.tsx'), 'ApprovalPage'),
  }),
  createRoute({
    ...page,
    path: '/servers',
    component: lazyRouteComponent(() => import('./pages/servers/list.tsx'), 'ServersPage'),
  }),
  createRoute({
    ...page,
    path: '/servers/$name',
    component: lazyRouteComponent(() => import('./pages/servers/server.tsx'), 'ServerPage'),
  }),
  createRoute({
    ...page,
    path: '/servers/$name/definition',
    component: lazyRouteComponent(() => import('./pages/servers/definition.tsx'), 'DefinitionPage'),
  }),
  createRoute({
    ...page,
    path: '/calls',
    component: lazyRouteComponent(() => import('./pages/calls/list.tsx'), 'CallsPage'),
  }),
  createRoute({
    ...page,
    path: '/calls/$id',
    component: lazyRouteComponent(() => import('./pages/calls/call.tsx'), 'CallPage'),
  }),
  createRoute({
    ...page,
    path: '/policies',
    component: lazyRouteComponent(() => import('./pages/policies/page.tsx'), 'PoliciesPage'),
  }),
  createRoute({
    ...page,
    path: '/people',
    component: lazyRouteComponent(() => import('./pages/people/page.tsx'), 'PeoplePage'),
  }),
  createRoute({
    ...page,
    path: '/passkeys',
    component: lazyRouteComponent(() => import('./pages/passkeys/page.tsx'), 'PasskeysPage'),
  }),
  createRoute({
    ...page,
    path: '/settings',
    component: lazyRouteComponent(() => import('./pages/settings/page.tsx'), 'SettingsPage'),
  }),
]);

export function createDashboardRouter(queries: QueryClient) {
  return createRouter({
    routeTree: routes,
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultErrorComponent: PageFailed,
    scrollRestoration: true,
    context: { queries },
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createDashboardRouter>;
  }
}
