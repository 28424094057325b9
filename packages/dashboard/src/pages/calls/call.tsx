import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { callQuery } from '../../api/queries.ts';
import type { CallDetail, LoggedRecord } from '../../api/types.ts';
import { Status } from '../../ui/badge.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { Card, Notice, Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import styles from './calls.module.css';
import { ProvenRecord } from './proof-check.tsx';
import { Summary, targetOf } from './summary.tsx';

export function CallPage(): ReactNode {
  const { id = '' } = useParams({ strict: false });
  const { time, scope }: { readonly time?: string; readonly scope?: string } = useSearch({ strict: false });
  const query = useQuery(callQuery(id, { time, scope }));
  return (
    <Page
      title={query.data === undefined ? 'One call' : targetOf(query.data.summary)}
      tabTitle={`Call ${id.slice(0, 8)}`}
      lead={
        <span className={styles['lead']}>
          <Link to="/calls" search={scope === undefined ? {} : { scope }}>
            <ArrowLeft aria-hidden /> Calls
          </Link>
          {query.data !== undefined && <Status value={query.data.summary.status} />}
          <Copyable value={id} what="correlation id" />
        </span>
      }
    >
      <Loaded query={query} what="this call" roles="auditor" single rows={12}>
        {(call) => (
          <>
            <Summary call={call.summary} />
            <Records call={call} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Records({ call: { intent, outcome, related } }: { readonly call: CallDetail }): ReactNode {
  const shown = new Set([intent, outcome].map((record) => `${record?.log ?? ''} ${String(record?.index)}`));
  return (
    <>
      {intent !== undefined && outcome === undefined && (
        <Notice tone="warn" title="There is no outcome">
          <p>The call runs, or the gateway ended while it ran. Whether the tool did something is not known.</p>
        </Notice>
      )}
      <div className={styles['records']}>
        {intent !== undefined && <RecordCard title="Intent: before the call" record={intent} />}
        {outcome !== undefined && <RecordCard title="Outcome: after it" record={outcome} />}
        {related
          .filter(({ log, index }) => !shown.has(`${log} ${String(index)}`))
          .map((record) => (
            <RecordCard key={`${record.log} ${String(record.index)}`} title="Related" record={record} />
          ))}
      </div>
    </>
  );
}

function RecordCard({ title, record }: { readonly title: string; readonly record: LoggedRecord }): ReactNode {
  return (
    <Card title={title} aside={`record ${record.index.toLocaleString('en')} of ${record.log}`} flush>
      <ProvenRecord record={record} label={title} />
    </Card>
  );
}
