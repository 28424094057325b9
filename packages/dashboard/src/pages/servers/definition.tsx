import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { definitionQuery } from '../../api/queries.ts';
import type { DefinitionDetail } from '../../api/types.ts';
import { Status } from '../../ui/badge.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { JsonValue } from '../../ui/json.tsx';
import { Card, Facts, Notice, Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { DecideOnDefinition } from './definition-decision.tsx';
import { Diff } from './diff.tsx';
import styles from './servers.module.css';

export function DefinitionPage(): ReactNode {
  const { name: server = '' } = useParams({ strict: false });
  const { kind = '', id = '' }: { readonly kind?: string; readonly id?: string } = useSearch({ strict: false });
  const query = useQuery(definitionQuery(server, kind, id));
  return (
    <Page
      title={id}
      lead={
        <span className={styles['lead']}>
          <Link to="/servers/$name" params={{ name: server }} className={styles['back'] ?? ''}>
            <ArrowLeft aria-hidden /> {server}
          </Link>
          <span>{kind.replaceAll('_', ' ')}</span>
          {query.data !== undefined && <Status value={query.data.state} />}
        </span>
      }
      actions={query.data !== undefined && <DecideOnDefinition server={server} detail={query.data} />}
    >
      <Loaded query={query} what="this definition" roles="viewer" single>
        {(detail) => <Content detail={detail} />}
      </Loaded>
    </Page>
  );
}

function Content({ detail }: { readonly detail: DefinitionDetail }): ReactNode {
  const { diff, state } = detail;
  const shown = detail.live ?? detail.approved ?? detail.definition;
  return (
    <>
      <Hidden detail={detail} />
      {state !== 'approved' && diff.some(({ op }) => op !== 'same') && (
        <Card title="What changed" aside="from what is approved to what the server shows" flush>
          <Diff lines={diff} />
        </Card>
      )}
      {shown !== undefined && (
        <Card title={state === 'approved' ? 'The approved definition' : 'What the server shows'} flush>
          <JsonValue value={shown} label="Definition" />
        </Card>
      )}
      <Pin detail={detail} />
    </>
  );
}

function Hidden({ detail: { hidden_characters: hidden } }: { readonly detail: DefinitionDetail }): ReactNode {
  if (hidden.length === 0) return null;
  return (
    <Notice tone="bad" title="This definition holds characters that a reader does not see, and a model reads.">
      <ul>
        {hidden.map(({ path, character, name }, index) => (
          <li key={index}>
            <code>
              <VisibleText text={path === '' ? 'the whole' : path} />
            </code>
            : <VisibleText text={character} />, {name}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function Pin({ detail }: { readonly detail: DefinitionDetail }): ReactNode {
  const { digest, pinned_digest: pinned, pinned_by: by, pinned_at: at, reason } = detail;
  const { rejected_by: rejectedBy, rejected_at: rejectedAt } = detail;
  return (
    <Card title="Pin">
      <Facts
        rows={[
          digest === '' ? undefined : ['Shown', <Copyable key="digest" value={digest} what="digest" />],
          pinned === undefined
            ? ['Approved', 'never']
            : ['Approved', <Copyable key="pinned" value={pinned} what="approved digest" />],
          by === undefined ? undefined : ['By', <VisibleText key="by" text={by} />],
          at === undefined ? undefined : ['When', <Ago key="at" value={at} />],
          rejectedBy === undefined ? undefined : ['Rejected by', <VisibleText key="no" text={rejectedBy} />],
          rejectedAt === undefined ? undefined : ['Rejected', <Ago key="no-at" value={rejectedAt} />],
          reason === undefined ? undefined : ['Withheld because', <VisibleText key="why" text={reason} />],
        ]}
      />
    </Card>
  );
}
