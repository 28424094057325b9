/** The server-sent events of the control API: what changed is read again. */
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Approval } from './types.ts';

export type LiveState = 'connecting' | 'live' | 'lost';

/** Events by name, and the keys of what they make stale. */
const STALE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  overview: [['overview']],
  approval: [['approvals'], ['approval'], ['overview']],
  server: [['servers'], ['server'], ['overview']],
  changed: [['overview'], ['servers'], ['server'], ['policies'], ['settings'], ['keys']],
};

function listen(queries: QueryClient, report: (state: LiveState) => void): () => void {
  const source = new EventSource('/api/v1/events');
  source.addEventListener('open', () => report('live'));
  source.addEventListener('error', () => {
    // Closed for good: the session ended, or this gateway has no events. The session is read again to find out.
    if (source.readyState === EventSource.CLOSED) void queries.invalidateQueries({ queryKey: ['session'] });
    report(source.readyState === EventSource.CLOSED ? 'lost' : 'connecting');
  });
  for (const [name, keys] of Object.entries(STALE)) {
    source.addEventListener(name, () => {
      for (const queryKey of keys) void queries.invalidateQueries({ queryKey });
    });
  }
  source.addEventListener('approval', (event: MessageEvent<string>) => rememberStatus(queries, event.data));
  return () => source.close();
}

type Statuses = ReadonlyMap<string, Approval['status']>;

/** The queue keeps the place of a request that somebody decided, and shows how it ended. */
function rememberStatus(queries: QueryClient, data: string): void {
  const { id, status } = JSON.parse(data) as Pick<Approval, 'id' | 'status'>;
  queries.setQueryData<Statuses>(['approval-statuses'], (before) => new Map([...(before ?? []), [id, status]]));
}

/** Listens while the component is shown. */
export function useLiveUpdates(): LiveState {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => listen(queries, setState), [queries]);
  return state;
}
