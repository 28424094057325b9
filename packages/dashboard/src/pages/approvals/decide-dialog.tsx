import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { change, Problem } from '../../api/client.ts';
import { signApproval } from '../../api/passkeys.ts';
import type { ReadApproval } from '../../api/queries.ts';
import { useAnnounce } from '../../ui/announce.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Notice } from '../../ui/page.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { personName } from '../../ui/who.tsx';
import styles from './approvals.module.css';

export type Verdict = 'approve' | 'deny' | 'withdraw';

const WORDS = {
  approve: { title: 'Approve this call?', button: 'Approve once', done: 'Approved', look: 'primary' },
  deny: { title: 'Deny this call?', button: 'Deny', done: 'Denied', look: 'danger' },
  withdraw: { title: 'Withdraw your request?', button: 'Withdraw', done: 'Withdrawn', look: 'danger' },
} as const;

const REASON_MAX = 500;

export interface DecideDialogProps {
  readonly read: ReadApproval;
  readonly verdict: Verdict;
  readonly seenWhole: boolean;
  readonly onClose: () => void;
}

export function DecideDialog({ read, verdict, seenWhole, onClose }: DecideDialogProps): ReactNode {
  const { approval } = read;
  const [reason, setReason] = useState('');
  const [confirmed, setConfirmed] = useState(false);
  const words = WORDS[verdict];
  const decide = useDecision(read, verdict, onClose);
  const doubts = verdict === 'approve' ? doubtsOf(read, seenWhole) : [];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!decide.isPending && (doubts.length === 0 || confirmed)) decide.mutate(reason);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={words.title}
      description={
        <>
          <code>
            <VisibleText text={`${approval.server}/${approval.tool}`} />
          </code>{' '}
          for <VisibleText text={personName(approval.requester)} />
          {verdict === 'approve' && ', with exactly the arguments shown, once.'}
          {verdict === 'approve' && approval.passkey_required && ' You confirm it with your passkey.'}
        </>
      }
    >
      <form onSubmit={submit} className={styles['form']}>
        {verdict !== 'withdraw' && <ReasonField verdict={verdict} value={reason} onChange={setReason} />}
        {doubts.length > 0 && (
          <label className={styles['confirm']}>
            <input type="checkbox" checked={confirmed} onChange={(event) => setConfirmed(event.target.checked)} />
            <span>I approve although {doubts.join(', and ')}.</span>
          </label>
        )}
        {decide.error !== null && <Notice tone="bad" title={messageOf(decide.error)} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={words.look} disabled={decide.isPending || (doubts.length > 0 && !confirmed)}>
            {words.button}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** What a hurried person would pass over. */
function doubtsOf({ approval }: ReadApproval, seenWhole: boolean): string[] {
  return [
    ...(seenWhole ? [] : ['I have not scrolled to the end of the arguments']),
    ...(approval.destructive === true ? ['the call may destroy data'] : []),
    ...((approval.uninspectable?.length ?? 0) > 0 ? ['parts of the arguments cannot be read'] : []),
  ];
}

interface ReasonFieldProps {
  readonly verdict: Verdict;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function ReasonField({ verdict, value, onChange }: ReasonFieldProps): ReactNode {
  return (
    <Field label="Reason (optional)" hint={verdict === 'deny' ? 'The agent is told this.' : 'Kept in the audit log.'}>
      {(ids) => (
        <textarea
          {...ids}
          autoFocus
          rows={3}
          maxLength={REASON_MAX}
          className={inputClass}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
          }}
        />
      )}
    </Field>
  );
}

function useDecision({ approval, etag }: ReadApproval, verdict: Verdict, onClose: () => void) {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const again = (): void => {
    for (const queryKey of [['approval', approval.id], ['approvals'], ['overview']])
      void queries.invalidateQueries({ queryKey });
  };
  return useMutation({
    mutationFn: async (reason: string) => {
      const isSigned = verdict === 'approve' && approval.passkey_required;
      const passkey = isSigned ? await signApproval(approval.id) : undefined;
      const body = { ...(reason.trim() !== '' && { reason: reason.trim() }), ...(isSigned && { passkey }) };
      return change('POST', `/approvals/${approval.id}/${verdict}`, { body, ifMatch: etag });
    },
    onSuccess: () => {
      announce(WORDS[verdict].done);
      again();
      onClose();
    },
    onError: again,
  });
}

function messageOf(error: Error): string {
  if (!(error instanceof Problem)) return 'The decision was not taken.';
  if (error.status === 412 || error.status === 409)
    return 'Somebody else decided meanwhile. Look at the request again.';
  return error.message;
}
