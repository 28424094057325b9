import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ShieldCheck, TriangleAlert } from 'lucide-react';
import { useCallback, useMemo, useRef, type ReactNode } from 'react';
import { approvalsQuery } from '../../api/queries.ts';
import type { Approval } from '../../api/types.ts';
import type { FilterValues } from '../../text/filter-values.ts';
import { Status } from '../../ui/badge.tsx';
import { FilterBar, useFilters } from '../../ui/filters.tsx';
import { Card, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable, TwoLines } from '../../ui/table.tsx';
import { Ago, TimeLeft } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { agentName, PersonName } from '../../ui/who.tsx';
import styles from './approvals.module.css';
import { placeRows } from './place-rows.ts';

const STATUSES = [
  ['', 'Waiting'],
  ['approved', 'Approved'],
  ['denied', 'Denied'],
  ['consumed', 'Used'],
  ['expired', 'Expired'],
  ['withdrawn', 'Withdrawn'],
  ['superseded', 'Superseded'],
  ['all', 'All'],
] as const;

const CHOICES = [
  { name: 'status', label: 'Status', options: STATUSES },
  {
    name: 'mine',
    label: 'Whose requests',
    options: [
      ['', 'Everybody’s'],
      ['1', 'My own'],
    ],
  },
] as const;

/** What the API is asked for: no status in the address means those that wait. */
const askedFor = ({ status = 'pending', ...others }: FilterValues): FilterValues => ({
  ...others,
  status: status === 'all' ? undefined : status,
});

const COLUMNS = [
  column<Approval>('tool', 'Request', (request) => (
    <TwoLines second={<PersonName person={request.requester} />}>
      <Link to="/approvals/$id" params={{ id: request.id }} className={styles['request'] ?? ''}>
        <span className={styles['tool']}>
          <VisibleText text={`${request.server}/${request.tool}`} />
        </span>
        {request.destructive === true && (
          <span className={styles['destructive']} title="May destroy or overwrite data">
            <TriangleAlert aria-hidden />
            <span className="visually-hidden">destructive</span>
          </span>
        )}
      </Link>
    </TwoLines>
  )),
  column<Approval>('user', 'Asked for', ({ requester }) => <PersonName person={requester} />, {
    width: '14%',
    wide: true,
  }),
  column<Approval>('agent', 'Through', ({ agent }) => <VisibleText text={agentName(agent)} />, {
    width: '15%',
    wide: true,
  }),
  column<Approval>('source', 'Rule', ({ source = '–' }) => <VisibleText text={source} />, { width: '23%', wide: true }),
  column<Approval>(
    'needs',
    'Yes',
    ({ decisions, required }) =>
      `${String(decisions.filter(({ verdict }) => verdict.startsWith('approve')).length)} of ${String(required)}`,
    { width: '4.5rem', wide: true },
  ),
  column<Approval>('created', 'Asked', ({ created_at }) => <Ago value={created_at} />, {
    width: '8.25rem',
    wide: true,
  }),
  column<Approval>(
    'status',
    'Time left',
    ({ status, expires_at }) => (status === 'pending' ? <TimeLeft until={expires_at} /> : <Status value={status} />),
    { width: '7.25rem' },
  ),
];

export function ApprovalsPage(): ReactNode {
  const [filters] = useFilters();
  const query = useInfiniteQuery(approvalsQuery(askedFor(filters)));
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return (
    <Page
      title="Approvals"
      lead="Calls that wait for a person to say yes. Each yes is for exactly the arguments shown, once."
    >
      <FilterBar text="tool" placeholder="Filter by tool" choices={CHOICES} />
      <Card flush>
        <Loaded query={query} what="approvals">
          {({ pages }) => (
            <Queue key={JSON.stringify(filters)} rows={pages.flatMap(({ items }) => items)} more={more} />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

/** Rows keep their place while the page is open: what somebody else decided stays, greyed, and new ones come last. */
function Queue({ rows, more }: { readonly rows: readonly Approval[]; readonly more: () => void }): ReactNode {
  const [filters] = useFilters();
  const shownBefore = useRef<readonly Approval[]>([]);
  const statuses = useStatuses();
  const placed = useMemo(() => {
    shownBefore.current = placeRows(shownBefore.current, rows, statuses);
    return shownBefore.current;
  }, [rows, statuses]);
  if (placed.length === 0) {
    const waiting = filters['status'] === undefined;
    return (
      <Empty icon={ShieldCheck} title={waiting ? 'Nothing waits for you' : 'No request matches'}>
        <p>{waiting ? 'New requests appear here by themselves.' : 'Choose another status, or clear the filters.'}</p>
      </Empty>
    );
  }
  return (
    <DataTable
      label="Requests for approval"
      rows={placed}
      columns={COLUMNS}
      rowKey={({ id }) => id}
      onEnd={more}
      dim={({ status }) => filters['status'] === undefined && status !== 'pending'}
    />
  );
}

/** What the events said of requests since the page was opened. */
function useStatuses(): ReadonlyMap<string, Approval['status']> {
  const queries = useQueryClient();
  const { data } = useQuery({
    queryKey: ['approval-statuses'],
    queryFn: () => queries.getQueryData<ReadonlyMap<string, Approval['status']>>(['approval-statuses']) ?? new Map(),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NO_STATUSES;
}

const NO_STATUSES: ReadonlyMap<string, Approval['status']> = new Map();
