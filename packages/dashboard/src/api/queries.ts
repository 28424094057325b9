/** What the pages read, each with the key under which it is cached. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { InclusionProof } from '../proof/verify.ts';
import { callApi, change, getJson, Problem, setCsrfToken } from './client.ts';
import type {
  AccessOfUser,
  ApiKey,
  Approval,
  Call,
  CallDetail,
  Definition,
  DefinitionDetail,
  KnownPerson,
  List,
  Overview,
  Passkey,
  PolicyFiles,
  Server,
  Session,
  Settings,
} from './types.ts';

export type Filters = Readonly<Record<string, string | undefined>>;

/** `null`: nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      const session = await getJson<Session>('/session', { signal });
      setCsrfToken(session.csrf_token ?? '');
      return session;
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.status === 401) return null;
      throw thrown;
    }
  },
});

export const passkeysQuery = queryOptions({
  queryKey: ['passkeys'],
  queryFn: ({ signal }) => getJson<List<Passkey>>('/passkeys', { signal }),
});

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => getJson<Overview>('/overview', { signal }),
});

export const approvalsQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ['approvals', filters],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      getJson<List<Approval>>('/approvals', { query: { ...filters, cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next_cursor,
  });

/** One request, with the text that it was read from: numbers in it must not be rounded. */
export interface ReadApproval {
  readonly approval: Approval;
  readonly text: string;
  readonly etag: string | undefined;
}

export const approvalQuery = (id: string) =>
  queryOptions({
    queryKey: ['approval', id],
    queryFn: async ({ signal }): Promise<ReadApproval> => {
      const response = await callApi('GET', `/approvals/${encodeURIComponent(id)}`, { signal });
      const text = await response.text();
      const etag = response.headers.get('etag') ?? undefined;
      return { approval: JSON.parse(text) as Approval, text, etag };
    },
  });

export const serversQuery = queryOptions({
  queryKey: ['servers'],
  queryFn: ({ signal }) => getJson<List<Server>>('/servers', { signal, query: { limit: '200' } }),
});

export const serverQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name],
    queryFn: ({ signal }) => getJson<Server>(`/servers/${encodeURIComponent(name)}`, { signal }),
  });

export const definitionsQuery = (server: string, filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ['server', server, 'definitions', filters],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      getJson<List<Definition>>(`/servers/${encodeURIComponent(server)}/definitions`, {
        signal,
        query: { ...filters, limit: '200', cursor: pageParam },
      }),
    getNextPageParam: (page) => page.next_cursor,
  });

export const definitionPath = (server: string, kind: string, name: string): string =>
  `/servers/${encodeURIComponent(server)}/definitions/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`;

export const definitionQuery = (server: string, kind: string, name: string) =>
  queryOptions({
    queryKey: ['server', server, 'definition', kind, name],
    queryFn: ({ signal }) => getJson<DefinitionDetail>(definitionPath(server, kind, name), { signal }),
  });

export const callsQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ['calls', filters],
    initialPageParam: '',
    // When all is read again, comparing 100,000 records costs more than to show the few rows in sight anew.
    structuralSharing: false,
    queryFn: ({ pageParam, signal }) =>
      getJson<List<Call>>('/calls', { query: { ...filters, limit: '200', cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next_cursor,
  });

/** @param filters `time`: about when it was, which finds it sooner in a large log; `scope`: whose log. */
export const callQuery = (id: string, { time, scope }: Filters) =>
  queryOptions({
    queryKey: ['call', id, scope],
    queryFn: ({ signal }) =>
      getJson<CallDetail>(`/calls/${encodeURIComponent(id)}`, { signal, query: { time, scope } }),
  });

/** A proof never changes, so it is read once. */
export const proofQuery = (log: string, index: number, scope: string | undefined) => ({
  queryKey: ['proof', log, index, scope] as const,
  staleTime: Number.POSITIVE_INFINITY,
  read: (signal: AbortSignal) =>
    getJson<InclusionProof>(`/audit/${encodeURIComponent(log)}/proof/${String(index)}`, { signal, query: { scope } }),
});

export const policiesQuery = queryOptions({
  queryKey: ['policies'],
  queryFn: ({ signal }) => getJson<PolicyFiles>('/policies', { signal }),
});

/** Who would call. */
export interface AskedUser {
  readonly subject: string;
  readonly issuer?: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly agent?: string;
}

/** What of a server a user would see and may call. Each question is recorded, so it is not asked again by itself. */
export const accessQuery = (server: string, { agent, ...user }: AskedUser) =>
  queryOptions({
    queryKey: ['access', server, user, agent],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      change<AccessOfUser>('POST', `/servers/${encodeURIComponent(server)}/access`, {
        body: { user, ...(agent !== undefined && { agent }) },
        signal,
      }),
  });

export const peopleQuery = queryOptions({
  queryKey: ['people'],
  queryFn: ({ signal }) => getJson<List<KnownPerson>>('/people', { signal, query: { limit: '200' } }),
});

export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: ({ signal }) => getJson<List<ApiKey>>('/keys', { signal, query: { limit: '200' } }),
});

export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => getJson<Settings>('/settings', { signal }),
});
