import type { ReactNode } from 'react';
import type { Approval } from '../../api/types.ts';
import { Card } from '../../ui/page.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import styles from './approvals.module.css';

export function Differences({ differences }: { readonly differences: Approval['differs_from_earlier'] }): ReactNode {
  if (differences === undefined) return null;
  return (
    <Card title="What differs from earlier calls" aside="of the same user and tool" flush={differences.length > 0}>
      {differences.length === 0 ? (
        <p className="soft">Nothing: the arguments are like those of earlier calls.</p>
      ) : (
        <table className={styles['differences']}>
          <thead>
            <tr>
              <th scope="col">Argument</th>
              <th scope="col">Earlier</th>
              <th scope="col">Now</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ path, earlier, now }) => (
              <tr key={path}>
                <th scope="row">
                  <code>
                    <VisibleText text={path === '' ? 'the whole' : path} />
                  </code>
                </th>
                <td>{shownValue(earlier)}</td>
                <td>{shownValue(now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function shownValue(value: unknown): ReactNode {
  if (value === undefined) return <span className="soft">not given</span>;
  return (
    <code>
      <VisibleText text={typeof value === 'string' ? value : JSON.stringify(value)} />
    </code>
  );
}
