import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Download, ListTree, RotateCw } from 'lucide-react';
import { useCallback, useMemo, type ReactNode } from 'react';
import { apiPath } from '../../api/client.ts';
import { callsQuery } from '../../api/queries.ts';
import type { Call } from '../../api/types.ts';
import type { FilterValues } from '../../text/filter-values.ts';
import { Status } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { useFilters } from '../../ui/filters.tsx';
import { Card, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable, TwoLines } from '../../ui/table.tsx';
import { ClockTime } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { CallFilters } from './call-filters.tsx';
import { callFilters } from './filter-text.ts';
import { targetOf } from './summary.tsx';
import styles from './calls.module.css';

/** Made once: `toLocaleString` would make one for each row. */
const amount = new Intl.NumberFormat('en');

const columnsOf = (scope: string | undefined) => [
  column<Call>(
    'time',
    'Time',
    ({ time, correlation_id: id }) =>
      // A start or a change of settings belongs to no request.
      id === '' ? (
        <ClockTime value={time} />
      ) : (
        <Link
          to="/calls/$id"
          params={{ id }}
          search={{ time, ...(scope !== undefined && { scope }) }}
          className={styles['time'] ?? ''}
        >
          <ClockTime value={time} />
        </Link>
      ),
    // A width with a percentage in it would count for nothing in a table.
    { width: 'clamp(5.25rem, 12vw, 9rem)' },
  ),
  column<Call>('tool', 'Call', (call) => (
    <TwoLines second={<VisibleText text={call.user ?? '–'} />}>
      <span className={styles['target']}>
        <VisibleText text={targetOf(call)} />
      </span>
    </TwoLines>
  )),
  column<Call>('user', 'User', ({ user = '–' }) => <VisibleText text={user} />, { width: '14%', wide: true }),
  column<Call>('agent', 'Agent', ({ agent = '–' }) => <VisibleText text={agent} />, { width: '16%', wide: true }),
  column<Call>('status', 'Status', ({ status }) => <Status value={status} />, { width: '6.75rem' }),
  column<Call>('code', 'Reason', ({ error_code = '' }) => <code>{error_code}</code>, { width: '13rem', wide: true }),
  column<Call>(
    'duration',
    'Took',
    ({ duration_ms: took }) => (took === undefined || took === null ? '–' : `${amount.format(took)} ms`),
    { width: '6rem', number: true, wide: true },
  ),
];

export function CallsPage(): ReactNode {
  const [values] = useFilters();
  const filters = callFilters(values, Date.now());
  const query = useInfiniteQuery({ ...callsQuery(filters), refetchOnWindowFocus: false });
  // Nothing is added by itself: rows would move while somebody reads them.
  const actions = (
    <>
      <Button disabled={query.isFetching} onClick={() => void query.refetch()}>
        <RotateCw aria-hidden /> Read again
      </Button>
      <a className={buttonClass()} href={apiPath('/calls/export', filters)} download="calls.ndjson">
        <Download aria-hidden /> Export
      </a>
    </>
  );
  return (
    <Page title="Calls" lead="Every call and every change, from the signed log, newest first." actions={actions}>
      <CallFilters />
      <Card flush>
        <Loaded query={query} what="the calls" roles="auditor" rows={14}>
          {({ pages }) => (
            <CallTable
              pages={pages}
              filters={filters}
              hasMore={query.hasNextPage}
              isReading={query.isFetching}
              read={query.fetchNextPage}
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

interface CallTableProps {
  readonly pages: readonly { readonly items: readonly Call[] }[];
  readonly filters: FilterValues;
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly read: () => unknown;
}

function CallTable({ pages, filters, hasMore, isReading, read }: CallTableProps): ReactNode {
  const rows = useMemo(() => pages.flatMap(({ items }) => items), [pages]);
  const more = useCallback(() => {
    if (hasMore && !isReading) read();
  }, [hasMore, isReading, read]);
  const { scope } = filters;
  const columns = useMemo(() => columnsOf(scope), [scope]);
  if (rows.length === 0 && !hasMore) {
    const filtered = Object.values(filters).some((value) => value !== undefined);
    return (
      <Empty icon={ListTree} title={filtered ? 'No call matches' : 'No calls yet'}>
        <p>{filtered ? 'Take a filter away, or look at a longer time.' : 'The first call of an agent appears here.'}</p>
      </Empty>
    );
  }
  return (
    <>
      <DataTable
        label="Calls"
        rows={rows}
        columns={columns}
        rowKey={({ log, index }) => `${log} ${String(index)}`}
        hasMore={hasMore}
        onEnd={more}
      />
      <p className={styles['end']}>
        {rows.length.toLocaleString('en')} {rows.length === 1 ? 'record' : 'records'} read
        {hasMore ? '; older ones are read as you scroll' : '; these are all'}
      </p>
    </>
  );
}
