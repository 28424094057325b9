import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { KeyRound, Plus, Users } from 'lucide-react';
import { useMemo, useState, type ReactNode } from 'react';
import { keysQuery, peopleQuery } from '../../api/queries.ts';
import type { ApiKey, KnownPerson } from '../../api/types.ts';
import { useHasRole } from '../../shell/session.tsx';
import { plainText } from '../../text/visible.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { FilterBar, useFilters } from '../../ui/filters.tsx';
import { Card, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable, RowAction, TwoLines } from '../../ui/table.tsx';
import { Ago, useNow } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { CreateKey } from './create-key.tsx';
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
  const current = useNow();
  if (revoked_at !== undefined) return <Badge tone="bad">revoked</Badge>;
  if (expires_at !== undefined && Date.parse(expires_at) < current) return <Badge>expired</Badge>;
  return <Badge tone="good">active</Badge>;
}

const keyColumns = (revoke: (key: ApiKey) => void) => [
  column<ApiKey>('name', 'Name', ({ name, id, user }) => (
    <TwoLines
      second={
        <>
          <Copyable value={id} what="key id" lengthMax={22} />
          <br />
          <VisibleText text={`as ${user}`} />
        </>
      }
    >
      <VisibleText text={name ?? id} />
    </TwoLines>
  )),
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
        <RowAction>
          <Button look="quiet" onClick={() => revoke(key)}>
            Revoke<span className="visually-hidden"> {key.id}</span>
          </Button>
        </RowAction>
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

const peopleColumns = (isAuditor: boolean) => [
  column<KnownPerson>('subject', 'User', ({ subject, issuer }) => (
    <TwoLines second={<VisibleText text={issuer} />}>
      <Copyable value={subject} what="user id" />
    </TwoLines>
  )),
  column<KnownPerson>('issuer', 'Issuer', ({ issuer }) => <VisibleText text={issuer} />, {
    width: '24%',
    wide: true,
  }),
  column<KnownPerson>('agents', 'Agents', ({ agents = [] }) => <VisibleText text={agents.join(', ') || '–'} />, {
    width: '24%',
    wide: true,
  }),
  column<KnownPerson>('calls', 'Calls', (person) => <CallsOf person={person} isLink={isAuditor} />, {
    width: '6rem',
    number: true,
  }),
  column<KnownPerson>('first', 'First seen', ({ first_seen_at }) => <Ago value={first_seen_at} />, {
    width: '9rem',
    wide: true,
  }),
  column<KnownPerson>('last', 'Last seen', ({ last_seen_at }) => <Ago value={last_seen_at} />, { width: '9rem' }),
];

function CallsOf({ person: { subject, calls }, isLink }: { readonly person: KnownPerson; isLink: boolean }): ReactNode {
  const text = calls?.toLocaleString('en') ?? '–';
  if (!isLink) return text;
  return (
    <Link to="/calls" search={{ user: subject }} title="Show these calls">
      {text}
      <span className="visually-hidden"> of {plainText(subject)}</span>
    </Link>
  );
}

function People(): ReactNode {
  const query = useQuery(peopleQuery);
  const isAuditor = useHasRole('auditor');
  const columns = useMemo(() => peopleColumns(isAuditor), [isAuditor]);
  const [{ text = '' }] = useFilters();
  const wanted = ({ subject, agents = [] }: KnownPerson): boolean =>
    `${subject} ${agents.join(' ')}`.toLowerCase().includes(text.toLowerCase());
  return (
    <Card title="People and agents who called" flush>
      <Loaded query={query} what="people" roles="operator">
        {({ items }) => {
          const rows = items.filter(wanted);
          const rowKey = ({ issuer, subject, tenant }: KnownPerson): string => `${issuer} ${subject} ${tenant}`;
          if (rows.length > 0) return <DataTable label="People" rows={rows} columns={columns} rowKey={rowKey} wrap />;
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
