import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { change } from '../../api/client.ts';
import { definitionPath } from '../../api/queries.ts';
import type { DefinitionDetail } from '../../api/types.ts';
import { useSession } from '../../shell/session.tsx';
import { useShortcuts } from '../../shell/shortcuts.tsx';
import { useAnnounce } from '../../ui/announce.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/page.tsx';
import styles from './servers.module.css';

type Verdict = 'approve' | 'reject';

interface DecisionProps {
  readonly server: string;
  readonly detail: DefinitionDetail;
}

/** A decision changes the whole installation: it is for operators of all of it. What was rejected may be approved. */
export function DecideOnDefinition({ server, detail }: DecisionProps): ReactNode {
  const { installation_roles: roles } = useSession();
  const isOperator = roles.includes('operator') || roles.includes('admin');
  if (!isOperator || detail.digest === '') return null;
  if (detail.state === 'rejected') return <Buttons server={server} detail={detail} verdicts={['approve']} />;
  const waits = detail.state === 'pending' || detail.state === 'changed';
  return waits ? <Buttons server={server} detail={detail} verdicts={['reject', 'approve']} /> : null;
}

function Buttons({ verdicts, ...props }: DecisionProps & { readonly verdicts: readonly Verdict[] }): ReactNode {
  const [verdict, setVerdict] = useState<Verdict>();
  useShortcuts({
    a: { what: 'Approve this definition', run: () => setVerdict('approve') },
    ...(verdicts.includes('reject') && {
      d: { what: 'Reject this definition', run: () => setVerdict('reject') },
    }),
  });
  return (
    <div className={styles['decide']}>
      {verdicts.includes('reject') && (
        <Button onClick={() => setVerdict('reject')} aria-keyshortcuts="d">
          Reject…
        </Button>
      )}
      <Button look="primary" onClick={() => setVerdict('approve')} aria-keyshortcuts="a">
        Approve…
      </Button>
      {verdict !== undefined && <DecideDialog {...props} verdict={verdict} onClose={() => setVerdict(undefined)} />}
    </div>
  );
}

const WORDS = {
  approve: {
    title: 'Approve this definition?',
    description: 'Agents of every tenant see and call it exactly as shown here. Until then it stays withheld.',
    button: 'Approve',
    done: 'Approved',
    look: 'primary',
  },
  reject: {
    title: 'Reject this definition?',
    description: 'It stays withheld from every agent, and waits no more until the server shows another one.',
    button: 'Reject',
    done: 'Rejected',
    look: 'danger',
  },
} as const;

interface DecideDialogProps extends DecisionProps {
  readonly verdict: Verdict;
  readonly onClose: () => void;
}

function DecideDialog({ server, detail, verdict, onClose }: DecideDialogProps): ReactNode {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const words = WORDS[verdict];
  const decide = useMutation({
    mutationFn: () =>
      change('POST', `${definitionPath(server, detail.kind, detail.name)}/${verdict}`, {
        body: { digest: detail.digest },
      }),
    onSuccess: () => {
      announce(words.done);
      onClose();
    },
    onSettled: () => {
      for (const queryKey of [['server', server], ['servers'], ['overview']])
        void queries.invalidateQueries({ queryKey });
    },
  });
  return (
    <Dialog open onClose={onClose} title={words.title} description={words.description}>
      {decide.error !== null && <Notice tone="bad" title={decide.error.message} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look={words.look} disabled={decide.isPending} onClick={() => decide.mutate()}>
          {words.button}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
