/** A call in short: what the list of calls says of it, above its records. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Call } from '../../api/types.ts';
import { Copyable } from '../../ui/copy.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import { exactTime } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import styles from './calls.module.css';

/** What was called: the server with the tool, or the method where there is none. */
export function targetOf({ server, tool, operation }: Call): string {
  if (tool === undefined) return server === undefined ? operation : `${server} ${operation}`;
  return server === undefined ? tool : `${server}/${tool}`;
}

export function Summary({ call }: { readonly call: Call }): ReactNode {
  const { user, issuer, agent, error_code: code, duration_ms: took, approval_id: approval } = call;
  return (
    <div className={styles['summary']}>
      <Card>
        <Facts
          rows={[
            ['Time', exactTime(call.time)],
            ['Method', <VisibleText key="method" text={call.operation} />],
            took === undefined ? undefined : ['Took', `${took.toLocaleString('en')} ms`],
            code === undefined ? undefined : ['Reason', <Filtered key="code" name="error_code" value={code} />],
            approval === undefined ? undefined : ['Approval', <ApprovalLink key="approval" id={approval} />],
          ]}
        />
      </Card>
      <Card>
        <Facts
          rows={[
            ['User', user === undefined ? '–' : <Filtered key="user" name="user" value={user} />],
            issuer === undefined ? undefined : ['Issuer', <Copyable key="issuer" value={issuer} what="issuer" />],
            ['Agent', agent === undefined ? '–' : <Filtered key="agent" name="agent" value={agent} />],
          ]}
        />
      </Card>
    </div>
  );
}

interface FilteredProps {
  readonly name: 'user' | 'agent' | 'error_code';
  readonly value: string;
}

/** Leads to the calls that have the same value. */
function Filtered({ name, value }: FilteredProps): ReactNode {
  return (
    <Link to="/calls" search={{ [name]: value }} title="Show the calls like this one">
      <VisibleText text={value} />
    </Link>
  );
}

function ApprovalLink({ id }: { readonly id: string }): ReactNode {
  return (
    <Link to="/approvals/$id" params={{ id }}>
      <code>{id}</code>
    </Link>
  );
}
