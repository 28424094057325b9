import type { ReactNode } from 'react';
import type { Explanation, Trial } from '../../api/types.ts';
import { Status } from '../../ui/badge.tsx';
import { DecidingPolicy } from '../../ui/deciding-policy.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import styles from './policies.module.css';

export function ExplanationView({ explanation }: { readonly explanation: Explanation }): ReactNode {
  const { decision, policies, approval, errors = [] } = explanation;
  return (
    <>
      <p className={styles['decision']}>
        <Status value={decision} />
        {policies.length === 0 && 'No policy allows it.'}
      </p>
      {approval !== undefined && (
        <p>
          It would wait for {approval.required} of <VisibleText text={approval.approvers.join(', ')} />, because of{' '}
          <VisibleText text={approval.source} />.
        </p>
      )}
      <ul className={styles['because']}>
        {policies.map((policy) => (
          <li key={`${policy.file ?? ''} ${policy.id}`}>
            <DecidingPolicy policy={policy} />
          </li>
        ))}
        {errors.map((text) => (
          <li key={text} className={styles['error']}>
            <VisibleText text={text} />
          </li>
        ))}
      </ul>
    </>
  );
}

export function TrialView({ trial: { stages, outcome } }: { readonly trial: Trial }): ReactNode {
  return (
    <>
      <p className={styles['decision']}>
        Outcome: <Status value={outcome} />
      </p>
      <ol className={styles['stages']}>
        {stages.map(({ stage, result, detail = '' }) => (
          <li key={stage}>
            <span>{stage}</span>
            <Status value={result} />
            <span className="soft">
              <VisibleText text={detail} />
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
