import { useQuery } from '@tanstack/react-query';
import { KeyRound, Plus, Users } from 'lucide-react';
import { useMemo, useState, type ReactNode } from 'react';
import { keysQuery, peopleQuery } from '../../api/queries.ts';
import type { ApiKey, KnownPerson } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { FilterBar, useFilters } from '../../ui/filters.tsx';
import { Card, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable } from '../../ui/table.tsx';
import { Ago } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { CreateKey } from './create-key.tsx';
import styles from './people.module.css';
import { RevokeKey } from './revoke-key.tsx';

export function PeoplePage(): ReactNode {
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey>();
  return (
    <Page
      title="People and keys"
      lead="Who called lately, and the API keys of machines."
      actions={
        <Button look="primary" onClick={() => setCreating(true)}>
          <Plus aria-hidden /> Create a key
        </Button>
      }
    >
      <FilterBar text="text" placeholder="Filter by name or key" />
      <Keys revoke={setRevoking} />
      <People />
      {creating && <CreateKey onClose={() => setCreating(false)} />}
      {revoking !== undefined && <RevokeKey apiKey={revoking} onClose={() => setRevoking(undefined)} />}
    </Page>
  );
}

function KeyState({ apiKey: { revoked_at, expires_at } }: { readonly apiKey: ApiKey }): ReactNode {
  if (revoked_at !== undefined) return <Badge tone="bad">revoked</Badge>;
  if (expires_at !== undefined && Date.parse(expires_at) < Date.now()) return <Badge>expired</Badge>;
  return <Badge tone="good">active</Badge>;
}

const keyColumns = (revoke: (key: ApiKey) => void) => [
  // A phone shows this column alone of those that say which key it is.
  column<ApiKey>('name', 'Name', ({ name, id }) => <VisibleText text={name ?? id} />),
  column<ApiKey>('id', 'Key', ({ id }) => <Copyable value={id} what="key id" lengthMax={22} />, {
    width: '20%',
    wide: true,
  }),
  column<ApiKey>('user', 'Acts as', ({ user }) => <VisibleText text={user} />, { width: '14%', wide: true }),
  column<ApiKey>('scopes', 'Scopes', ({ scopes = [] }) => <VisibleText text={scopes.join(', ') || '–'} />, {
    width: '16%',
    wide: true,
  }),
  column<ApiKey>('used', 'Last used', ({ last_used_at }) => <Ago value={last_used_at} />, {
    width: '8rem',
    wide: true,
  }),
  column<ApiKey>('state', 'State', (key) => <KeyState apiKey={key} />, { width: '7rem' }),
  column<ApiKey>(
    'revoke',
    'Revoke',
    (key) =>
      key.revoked_at === undefined && (
        <span className={styles['revoke']}>
          <Button look="quiet" onClick={() => revoke(key)}>
            Revoke<span className="visually-hidden"> {key.id}</span>
          </Button>
        </span>
      ),
    { width: '6.5rem' },
  ),
];

function Keys({ revoke }: { readonly revoke: (key: ApiKey) => void }): ReactNode {
  const query = useQuery(keysQuery);
  const [{ text = '' }] = useFilters();
  const columns = useMemo(() => keyColumns(revoke), [revoke]);
  const wanted = ({ id, name = '', user }: ApiKey): boolean =>
    `${id} ${name} ${user}`.toLowerCase().includes(text.toLowerCase());
  return (
    <Card title="API keys" flush>
      <Loaded query={query} what="API keys" roles="operator">
        {({ items }) => {
          const rows = items.filter(wanted);
          if (rows.length > 0)
            return <DataTable label="API keys" rows={rows} columns={columns} rowKey={({ id }) => id} wrap />;
          return (
            <Empty icon={KeyRound} title={items.length === 0 ? 'No API keys' : 'No key matches'}>
              <p>{items.length === 0 ? 'Create one for a machine that cannot sign in.' : 'Clear the filter.'}</p>
            </Empty>
          );
        }}
      </Loaded>
    </Card>
  );
}

const PEOPLE_COLUMNS = [
  column<KnownPerson>('subject', 'User', ({ subject, issuer }) => (
    <span className={styles['person']} title={issuer}>
      <VisibleText text={subject} />
    </span>
  )),
  column<KnownPerson>('agents', 'Agents', ({ agents = [] }) => <VisibleText text={agents.join(', ') || '–'} />, {
    width: '34%',
    wide: true,
  }),
  column<KnownPerson>('calls', 'Calls', ({ calls }) => calls?.toLocaleString('en') ?? '–', {
    width: '7rem',
    number: true,
  }),
  column<KnownPerson>('first', 'First seen', ({ first_seen_at }) => <Ago value={first_seen_at} />, {
    width: '9rem',
    wide: true,
  }),
  column<KnownPerson>('last', 'Last seen', ({ last_seen_at }) => <Ago value={last_seen_at} />, { width: '9rem' }),
];

function People(): ReactNode {
  const query = useQuery(peopleQuery);
  const [{ text = '' }] = useFilters();
  const wanted = ({ subject, agents = [] }: KnownPerson): boolean =>
    `${subject} ${agents.join(' ')}`.toLowerCase().includes(text.toLowerCase());
  return (
    <Card title="People and agents who called" flush>
      <Loaded query={query} what="people" roles="operator">
        {({ items }) => {
          const rows = items.filter(wanted);
          const rowKey = ({ issuer, subject, tenant }: KnownPerson): string => `${issuer} ${subject} ${tenant}`;
          if (rows.length > 0)
            return <DataTable label="People" rows={rows} columns={PEOPLE_COLUMNS} rowKey={rowKey} wrap />;
          return (
            <Empty icon={Users} title={items.length === 0 ? 'Nobody called yet' : 'Nobody matches'}>
              <p>{items.length === 0 ? 'Whoever calls a tool appears here.' : 'Clear the filter.'}</p>
            </Empty>
          );
        }}
      </Loaded>
    </Card>
  );
}
