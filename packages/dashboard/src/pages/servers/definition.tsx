import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { change, Problem } from '../../api/client.ts';
import { definitionPath, definitionQuery } from '../../api/queries.ts';
import type { DefinitionDetail } from '../../api/types.ts';
import { useHasRole } from '../../shell/session.tsx';
import { useShortcuts } from '../../shell/shortcuts.tsx';
import { useAnnounce } from '../../ui/announce.tsx';
import { Status } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { JsonValue } from '../../ui/json.tsx';
import { Card, Facts, Notice, Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
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
      actions={query.data !== undefined && <Decide server={server} detail={query.data} />}
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
          reason === undefined ? undefined : ['Withheld because', <VisibleText key="why" text={reason} />],
        ]}
      />
    </Card>
  );
}

/** Approving changes the whole installation; the gateway says so to those who may not. */
function Decide({ server, detail }: { readonly server: string; readonly detail: DefinitionDetail }): ReactNode {
  const isOperator = useHasRole('operator');
  const decide = useDecision(server, detail);
  const waits = (detail.state === 'pending' || detail.state === 'changed') && detail.digest !== '';
  if (!isOperator || !waits) return null;
  return <DecideButtons decide={(verdict) => decide.mutate(verdict)} busy={decide.isPending} />;
}

interface DecideButtonsProps {
  readonly decide: (verdict: 'approve' | 'reject') => void;
  readonly busy: boolean;
}

function DecideButtons({ decide, busy }: DecideButtonsProps): ReactNode {
  useShortcuts({
    a: { what: 'Approve this definition', run: () => decide('approve') },
    d: { what: 'Reject this definition', run: () => decide('reject') },
  });
  return (
    <>
      <Button disabled={busy} onClick={() => decide('reject')} aria-keyshortcuts="d">
        Reject
      </Button>
      <Button look="primary" disabled={busy} onClick={() => decide('approve')} aria-keyshortcuts="a">
        Approve this definition
      </Button>
    </>
  );
}

function useDecision(server: string, detail: DefinitionDetail) {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const path = definitionPath(server, detail.kind, detail.name);
  return useMutation({
    mutationFn: (verdict: 'approve' | 'reject') =>
      change('POST', `${path}/${verdict}`, { body: { digest: detail.digest } }),
    onSuccess: (_answer, verdict) => announce(verdict === 'approve' ? 'Approved' : 'Rejected'),
    onError: (error) => announce(messageOf(error)),
    onSettled: () => {
      for (const queryKey of [['server', server], ['servers'], ['overview']])
        void queries.invalidateQueries({ queryKey });
    },
  });
}

function messageOf(error: Error): string {
  if (!(error instanceof Problem)) return 'The decision was not taken.';
  return error.status === 404 ? 'Not available in this version: use sallyport pins.' : error.message;
}
