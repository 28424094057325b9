import { useState, type ReactNode } from 'react';
import type { ReadApproval } from '../../api/queries.ts';
import type { Approval, Decision } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/page.tsx';
import { Ago, TimeLeft } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { PersonName, agentName, personName } from '../../ui/who.tsx';
import { useShortcuts } from '../../shell/shortcuts.tsx';
import { useSession } from '../../shell/session.tsx';
import styles from './approvals.module.css';
import { DecideDialog, type Verdict } from './decide-dialog.tsx';

export interface DecisionCardProps {
  readonly read: ReadApproval;
  readonly seenWhole: boolean;
}

export function DecisionCard({ read, seenWhole }: DecisionCardProps): ReactNode {
  const { approval } = read;
  const [verdict, setVerdict] = useState<Verdict>();
  const pending = approval.status === 'pending';
  return (
    <aside className={styles['decision']} aria-label="Decision">
      <Card>
        <p className={styles['summary']}>
          <strong>
            <VisibleText text={personName(approval.requester)} />
          </strong>{' '}
          asks through{' '}
          <strong>
            <VisibleText text={agentName(approval.agent)} />
          </strong>{' '}
          for{' '}
          <strong>
            <VisibleText text={approval.tenant} />
          </strong>
        </p>
        <dl className={styles['terms']}>
          <dt>{pending ? 'Time left' : 'Ended'}</dt>
          <dd className={styles['clock']}>
            {pending ? (
              <TimeLeft until={approval.expires_at} />
            ) : (
              <Ago value={approval.decided_at ?? approval.expires_at} />
            )}
          </dd>
          <dt>Asked by rule</dt>
          <dd>
            <VisibleText text={approval.source ?? '–'} />
          </dd>
          <dt>Needs</dt>
          <dd>
            {approval.required} of: <VisibleText text={approval.approvers.join(', ')} />
          </dd>
        </dl>
        {pending && <Buttons approval={approval} choose={setVerdict} />}
        {!pending && <Outcome approval={approval} />}
        <Decisions decisions={approval.decisions} />
      </Card>
      {verdict !== undefined && pending && (
        <DecideDialog read={read} verdict={verdict} seenWhole={seenWhole} onClose={() => setVerdict(undefined)} />
      )}
    </aside>
  );
}

function Buttons({ approval, choose }: { readonly approval: Approval; choose(verdict: Verdict): void }): ReactNode {
  const session = useSession();
  const own = approval.requester.issuer === session.user.issuer && approval.requester.subject === session.user.subject;
  const may = approval.may_decide !== false && !own;
  if (!may) {
    return (
      <>
        <p className={styles['whyNot']}>
          {approval.why_not ??
            (own ? 'This is your own request. Somebody else has to decide.' : 'You may not decide about this request.')}
        </p>
        {own && (
          <div className={styles['buttons']}>
            <Button onClick={() => choose('withdraw')}>Withdraw the request</Button>
          </div>
        )}
      </>
    );
  }
  if (approval.step_up_required === true) return <StepUp />;
  return <YesAndNo choose={choose} />;
}

function YesAndNo({ choose }: { choose(verdict: Verdict): void }): ReactNode {
  useShortcuts({
    a: { what: 'Approve this request', run: () => choose('approve') },
    d: { what: 'Deny this request', run: () => choose('deny') },
  });
  return (
    <div className={styles['buttons']}>
      <Button look="primary" onClick={() => choose('approve')} aria-keyshortcuts="a">
        Approve…
      </Button>
      <Button onClick={() => choose('deny')} aria-keyshortcuts="d">
        Deny…
      </Button>
    </div>
  );
}

function StepUp(): ReactNode {
  const params = new URLSearchParams({ step_up: '1', return_to: location.pathname });
  return (
    <>
      <p className={styles['whyNot']}>The rule asks for a fresh sign-in before you decide.</p>
      <div className={styles['buttons']}>
        <a className={buttonClass('primary')} href={`/auth/login?${params.toString()}`}>
          Sign in again
        </a>
      </div>
    </>
  );
}

const OUTCOMES: Readonly<Record<Approval['status'], string>> = {
  pending: '',
  approved: 'Approved. The call goes on when the agent calls again with the same arguments.',
  denied: 'Denied. The agent is told so, with the reason.',
  expired: 'Nobody decided in time. The agent may ask again.',
  withdrawn: 'The person who asked took it back.',
  consumed: 'Approved and used: the call was made. This approval cannot be used again.',
  superseded: 'Ended, because the policy, the definition or the rights changed meanwhile. The agent may ask again.',
};

function Outcome({ approval }: { readonly approval: Approval }): ReactNode {
  return <p className={styles['outcome']}>{OUTCOMES[approval.status]}</p>;
}

function Decisions({ decisions }: { readonly decisions: readonly Decision[] }): ReactNode {
  if (decisions.length === 0) return <p className={styles['nobody']}>Nobody has decided yet.</p>;
  return (
    <ul className={styles['decisions']} aria-label="Decisions so far">
      {decisions.map((decision) => {
        const yes = decision.verdict.startsWith('approve');
        return (
          <li key={`${decision.by.issuer} ${decision.by.subject} ${decision.at}`}>
            <div className={styles['decided']}>
              <Badge tone={yes ? 'good' : 'bad'}>{yes ? 'yes' : 'no'}</Badge>
              <PersonName person={decision.by} />
              <span className="soft">
                <Ago value={decision.at} />
              </span>
            </div>
            <p className={styles['as']}>
              as <VisibleText text={decision.as} />, by {decision.channel}
            </p>
            {decision.reason !== undefined && (
              <p className={styles['reason']}>
                <VisibleText text={decision.reason} block />
              </p>
            )}
          </li>
        );
      })}
    </ul>
  );
}
