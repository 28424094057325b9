/** What of the arguments differs from earlier calls, as the audit log can tell. */
import type { ReactNode } from 'react';
import type { Difference, Differences as Compared } from '../../api/types.ts';
import { Card } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import styles from './approvals.module.css';

export function Differences({ compared }: { readonly compared: Compared | undefined }): ReactNode {
  if (compared === undefined) return null;
  const { differences, calls, newest_at: newest } = compared;
  return (
    <Card
      title="What differs from earlier calls"
      aside={
        calls === 0
          ? undefined
          : `the latest ${calls === 1 ? 'call' : `${String(calls)} calls`} of this user, agent and tool`
      }
      flush={differences.length > 0}
    >
      {differences.length === 0 ? <p className="soft">{nothingText(compared)}</p> : <Table differences={differences} />}
      {differences.length > 0 && newest !== undefined && (
        <p className={styles['compared']}>
          The latest of them was <Ago value={newest} />. Most arguments are in the log as hashes: whether a value is the
          same can be said, what it was cannot.
        </p>
      )}
    </Card>
  );
}

function nothingText({ searched, calls }: Compared): string {
  if (searched === 'none') return 'The audit log could not be read, so nothing can be compared. Load the page again.';
  if (calls > 0) return 'Nothing: each argument has a value that one of the earlier calls had.';
  return searched === 'all'
    ? 'There is nothing to compare with: this user has not called this tool through this agent before.'
    : 'There is nothing to compare with: the newest part of the log has no such call of this user and agent.';
}

function Table({ differences }: { readonly differences: readonly Difference[] }): ReactNode {
  return (
    <table className={styles['differences']}>
      <thead>
        <tr>
          <th scope="col">Argument</th>
          <th scope="col">Earlier</th>
          <th scope="col">Now</th>
        </tr>
      </thead>
      <tbody>
        {differences.map((difference) => (
          <tr key={difference.path}>
            <th scope="row">
              {difference.path === '*' ? (
                'All that the tool does not declare'
              ) : (
                <code>
                  <VisibleText text={difference.path} />
                </code>
              )}
            </th>
            <td>{earlierText(difference)}</td>
            <td>
              <Value value={difference.now} none={difference.path === '*' ? 'see the arguments' : 'not given'} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function earlierText({ state, earlier, earlier_hidden: hidden }: Difference): ReactNode {
  if (state === 'new') return <span className="soft">not given</span>;
  if (state === 'cannot_be_compared') return <span className="soft">cannot be compared</span>;
  if (hidden)
    return <span className="soft">{state === 'left_out' ? 'given' : 'another value'} (logged as a hash)</span>;
  return <Value value={earlier} none="not given" />;
}

function Value({ value, none }: { readonly value: unknown; readonly none: string }): ReactNode {
  if (value === undefined) return <span className="soft">{none}</span>;
  return (
    <code>
      <VisibleText text={typeof value === 'string' ? value : JSON.stringify(value)} />
    </code>
  );
}
