import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { change } from '../../api/client.ts';
import { definitionPath, definitionQuery } from '../../api/queries.ts';
import type { DefinitionDetail } from '../../api/types.ts';
import { useSession } from '../../shell/session.tsx';
import { useShortcuts } from '../../shell/shortcuts.tsx';
import { useAnnounce } from '../../ui/announce.tsx';
import { Status } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
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

/** What is not approved stays withheld, so there is nothing to reject. Approving changes the whole installation. */
function Decide({ server, detail }: { readonly server: string; readonly detail: DefinitionDetail }): ReactNode {
  const { installation_roles: roles } = useSession();
  const isOperator = roles.includes('operator') || roles.includes('admin');
  const waits = (detail.state === 'pending' || detail.state === 'changed') && detail.digest !== '';
  return isOperator && waits ? <ApproveDefinition server={server} detail={detail} /> : null;
}

function ApproveDefinition({
  server,
  detail,
}: {
  readonly server: string;
  readonly detail: DefinitionDetail;
}): ReactNode {
  const [asking, setAsking] = useState(false);
  useShortcuts({ a: { what: 'Approve this definition', run: () => setAsking(true) } });
  return (
    <>
      <Button look="primary" onClick={() => setAsking(true)} aria-keyshortcuts="a">
        Approve this definition…
      </Button>
      {asking && <ApproveDialog server={server} detail={detail} onClose={() => setAsking(false)} />}
    </>
  );
}

interface ApproveDialogProps {
  readonly server: string;
  readonly detail: DefinitionDetail;
  readonly onClose: () => void;
}

function ApproveDialog({ server, detail, onClose }: ApproveDialogProps): ReactNode {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const approve = useMutation({
    mutationFn: () =>
      change('POST', `${definitionPath(server, detail.kind, detail.name)}/approve`, {
        body: { digest: detail.digest },
      }),
    onSuccess: () => {
      announce('Approved');
      onClose();
    },
    onSettled: () => {
      for (const queryKey of [['server', server], ['servers'], ['overview']])
        void queries.invalidateQueries({ queryKey });
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Approve this definition?"
      description="Agents of every tenant see and call it exactly as shown here. Until then it stays withheld."
    >
      {approve.error !== null && <Notice tone="bad" title={approve.error.message} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" disabled={approve.isPending} onClick={() => approve.mutate()}>
          Approve
        </Button>
      </DialogActions>
    </Dialog>
  );
}
