import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Server as ServerIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { serversQuery } from '../../api/queries.ts';
import type { Server } from '../../api/types.ts';
import { Badge, Status } from '../../ui/badge.tsx';
import { FilterBar, useFilters } from '../../ui/filters.tsx';
import { Card, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable, TwoLines } from '../../ui/table.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import styles from './servers.module.css';

const milliseconds = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : `${Math.round(value).toLocaleString('en')} ms`;

const COLUMNS = [
  column<Server>('name', 'Server', ({ name, url, command = '–', pending_definitions: pending }) => (
    <TwoLines second={<VisibleText text={url ?? command} />}>
      <span className={styles['server']}>
        <Link to="/servers/$name" params={{ name }}>
          {name}
        </Link>
        {pending > 0 && <Badge tone="warn">{pending} to review</Badge>}
      </span>
    </TwoLines>
  )),
  column<Server>('status', 'Status', ({ status }) => <Status value={status} />, { width: '7rem' }),
  column<Server>('where', 'Where', ({ url, command = '–' }) => <VisibleText text={url ?? command} />, {
    width: '30%',
    wide: true,
  }),
  column<Server>('tools', 'Tools', ({ tools }) => tools, { width: '4.5rem', number: true, wide: true }),
  column<Server>('calls', 'Calls', ({ calls }) => calls?.toLocaleString('en') ?? '–', {
    width: '6.5rem',
    number: true,
    wide: true,
  }),
  column<Server>('p50', 'p50', ({ p50_ms }) => milliseconds(p50_ms), { width: '5.5rem', number: true, wide: true }),
  column<Server>('p99', 'p99', ({ p99_ms }) => milliseconds(p99_ms), { width: '5.5rem', number: true, wide: true }),
];

const CHOICES = [
  {
    name: 'status',
    label: 'Status',
    options: [
      ['', 'Any status'],
      ['ready', 'Ready'],
      ['starting', 'Starting'],
      ['failed', 'Failed'],
    ],
  },
] as const;

export function ServersPage(): ReactNode {
  const query = useQuery(serversQuery);
  return (
    <Page
      title="Servers and tools"
      lead="What agents reach through this gateway, how it does, and what waits for review."
    >
      <FilterBar text="text" placeholder="Filter by name or address" choices={CHOICES} />
      <Card flush>
        <Loaded query={query} what="the servers" roles="viewer">
          {({ items }) => <ServerTable servers={items} />}
        </Loaded>
      </Card>
    </Page>
  );
}

function ServerTable({ servers }: { readonly servers: readonly Server[] }): ReactNode {
  const [{ text = '', status }] = useFilters();
  const matches = ({ name, url = '', command = '', ...server }: Server): boolean =>
    `${name} ${url} ${command}`.toLowerCase().includes(text.toLowerCase()) &&
    (status === undefined || server.status === status);
  const rows = servers.filter(matches);
  if (rows.length > 0) return <DataTable label="Servers" rows={rows} columns={COLUMNS} rowKey={({ name }) => name} />;
  if (servers.length === 0)
    return (
      <Empty icon={ServerIcon} title="No servers yet">
        <p>Add one under servers in the configuration; it appears here at once.</p>
      </Empty>
    );
  return (
    <Empty icon={ServerIcon} title="No server matches">
      <p>Clear the filter to see all of them.</p>
    </Empty>
  );
}
