import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ArrowLeft, Wrench } from 'lucide-react';
import { useCallback, useMemo, type ReactNode } from 'react';
import { definitionsQuery, serverQuery } from '../../api/queries.ts';
import type { Definition, Server } from '../../api/types.ts';
import { Status } from '../../ui/badge.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { FilterBar, useFilters } from '../../ui/filters.tsx';
import { Card, Facts, Notice, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable, TwoLines } from '../../ui/table.tsx';
import { Ago } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { hasRole } from '../../shell/navigation.ts';
import { useSession } from '../../shell/session.tsx';
import { AccessOfUser } from './access.tsx';
import styles from './servers.module.css';

export function ServerPage(): ReactNode {
  const { name = '' } = useParams({ strict: false });
  const query = useQuery(serverQuery(name));
  return (
    <Page
      title={name}
      lead={
        <Link to="/servers" className={styles['back'] ?? ''}>
          <ArrowLeft aria-hidden /> Servers
        </Link>
      }
    >
      <Loaded query={query} what="this server" roles="viewer" single>
        {(server) => (
          <>
            <About server={server} />
            <Views server={name} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** The address says which view is shown. */
function Views({ server }: { readonly server: string }): ReactNode {
  const [{ view }] = useFilters();
  const session = useSession();
  const mayAsk = hasRole(session, 'auditor') || hasRole(session, 'operator');
  const shown = view === 'access' && mayAsk ? 'access' : 'definitions';
  const link = (search: Readonly<Record<string, string>>, name: typeof shown, label: string): ReactNode => (
    <Link
      to="/servers/$name"
      params={{ name: server }}
      search={search}
      data-shown={shown === name || undefined}
      activeProps={{ 'aria-current': shown === name ? 'page' : undefined }}
    >
      {label}
    </Link>
  );
  return (
    <>
      {mayAsk && (
        <nav className={styles['views']} aria-label="Views of this server">
          {link({}, 'definitions', 'Definitions')}
          {link({ view: 'access' }, 'access', 'Access of a user')}
        </nav>
      )}
      {shown === 'access' ? <AccessOfUser server={server} /> : <Definitions server={server} />}
    </>
  );
}

const figure = (value: number | null | undefined, unit = ''): string =>
  value === null || value === undefined ? '–' : `${Math.round(value).toLocaleString('en')}${unit}`;

function About({ server }: { readonly server: Server }): ReactNode {
  const { error, labels, since, url, command } = server;
  return (
    <>
      {error !== undefined && (
        <Notice tone="bad" title="The last attempt failed">
          <p>
            <VisibleText text={error} />
          </p>
        </Notice>
      )}
      <div className={styles['about']}>
        <Card>
          <Facts
            rows={[
              ['Status', <Status key="status" value={server.status} />],
              since === undefined ? undefined : ['Since', <Ago key="since" value={since} />],
              ['Transport', `${server.transport}${server.era === undefined ? '' : `, ${server.era}`}`],
              url === undefined ? undefined : ['Address', <Copyable key="url" value={url} what="address" />],
              command === undefined ? undefined : ['Command', <Copyable key="cmd" value={command} what="command" />],
            ]}
          />
        </Card>
        <Card>
          <Facts
            rows={[
              ['Calls', figure(server.calls)],
              ['Latency', `p50 ${figure(server.p50_ms, ' ms')}, p99 ${figure(server.p99_ms, ' ms')}`],
              ['Sessions', figure(server.sessions)],
              ['Processes', figure(server.children)],
              ['Labels', <VisibleText key="labels" text={Array.isArray(labels) ? labels.join(', ') || '–' : '–'} />],
            ]}
          />
        </Card>
      </div>
    </>
  );
}

const CHOICES = [
  {
    name: 'kind',
    label: 'Kind',
    options: [
      ['', 'All kinds'],
      ['tool', 'Tools'],
      ['prompt', 'Prompts'],
      ['resource', 'Resources'],
      ['resource_template', 'Templates'],
      ['server', 'The server itself'],
    ],
  },
  {
    name: 'state',
    label: 'State',
    options: [
      ['', 'Any state'],
      ['approved', 'Approved'],
      ['pending', 'Pending'],
      ['changed', 'Changed'],
      ['rejected', 'Rejected'],
      ['withheld', 'Withheld'],
    ],
  },
] as const;

const kindText = (kind: Definition['kind']): string => kind.replaceAll('_', ' ');

const columnsFor = (server: string) => [
  column<Definition>('name', 'Name', ({ kind, name }) => (
    <TwoLines second={kindText(kind)}>
      <Link
        to="/servers/$name/definition"
        params={{ name: server }}
        search={{ kind, id: name }}
        className={styles['definition'] ?? ''}
      >
        <VisibleText text={name} />
      </Link>
    </TwoLines>
  )),
  column<Definition>('kind', 'Kind', ({ kind }) => kindText(kind), { width: '9rem', wide: true }),
  column<Definition>('state', 'State', ({ state }) => <Status value={state} />, { width: '8rem' }),
  column<Definition>('reason', 'Why', ({ reason = '' }) => <VisibleText text={reason} />, { width: '26%', wide: true }),
  column<Definition>('pinned', 'Approved', ({ pinned_at }) => <Ago value={pinned_at} />, { width: '9rem', wide: true }),
];

function Definitions({ server }: { readonly server: string }): ReactNode {
  const [{ text, kind, state }] = useFilters();
  const query = useInfiniteQuery(definitionsQuery(server, { text, kind, state }));
  const columns = useMemo(() => columnsFor(server), [server]);
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return (
    <>
      <FilterBar text="text" placeholder="Filter definitions" choices={CHOICES} />
      <Card flush>
        <Loaded query={query} what="the definitions" roles="viewer">
          {({ pages }) => {
            const rows = pages.flatMap(({ items }) => items);
            if (rows.length === 0)
              return (
                <Empty icon={Wrench} title="No definition here">
                  <p>The server offers nothing that matches, or has not answered yet.</p>
                </Empty>
              );
            const rowKey = ({ kind: of, name }: Definition): string => `${of} ${name}`;
            return <DataTable label="Definitions" rows={rows} columns={columns} rowKey={rowKey} onEnd={more} />;
          }}
        </Loaded>
      </Card>
    </>
  );
}
