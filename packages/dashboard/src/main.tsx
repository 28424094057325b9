import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api/client.ts';
import { createDashboardRouter } from './router.tsx';
import { Announcer } from './ui/announce.tsx';
import './styles/tokens.css';
import './styles/base.css';

/** What was refused is not asked again by itself. */
const retry = (failures: number, error: Error): boolean =>
  failures < 2 && error instanceof Problem && (error.status === 0 || error.status >= 500);

const queries = new QueryClient({
  defaultOptions: { queries: { retry, staleTime: 5_000, refetchOnWindowFocus: true } },
});
const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Announcer>
          <RouterProvider router={createDashboardRouter(queries)} />
        </Announcer>
      </QueryClientProvider>
    </StrictMode>,
  );
}
