import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { useMemo, useState, type ReactNode } from 'react';
import { approvalQuery, type ReadApproval } from '../../api/queries.ts';
import type { Approval } from '../../api/types.ts';
import { Status } from '../../ui/badge.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { Card, Facts, Notice, Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Ago, exactTime } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { agentName, personName } from '../../ui/who.tsx';
import { memberOf, parseTree, treeOf, type JsonTree } from '../../text/json-tree.ts';
import { Arguments } from './arguments.tsx';
import styles from './approvals.module.css';
import { DecisionCard } from './decision-card.tsx';
import { Differences } from './differences.tsx';

export function ApprovalPage(): ReactNode {
  const { id = '' } = useParams({ strict: false });
  const query = useQuery(approvalQuery(id));
  return (
    <Loaded query={query} what="this request" single>
      {(read) => <Request read={read} />}
    </Loaded>
  );
}

/** From the text of the answer: JavaScript would round long numbers and move keys. */
function argumentsOf({ text, approval }: ReadApproval): JsonTree {
  try {
    return memberOf(parseTree(text), 'arguments') ?? treeOf(approval.arguments);
  } catch {
    return treeOf(approval.arguments);
  }
}

function Request({ read }: { readonly read: ReadApproval }): ReactNode {
  const { approval } = read;
  const tree = useMemo(() => argumentsOf(read), [read]);
  const [seenWhole, setSeenWhole] = useState(false);
  return (
    <Page
      title={`${approval.server}/${approval.tool}`}
      tabTitle={`${approval.tool} for ${personName(approval.requester)}`}
      lead={
        <span className={styles['crumbs']}>
          <Link to="/approvals">
            <ArrowLeft aria-hidden /> Approvals
          </Link>
          <Status value={approval.status} />
          <Copyable value={approval.id} what="request id" lengthMax={14} />
        </span>
      }
    >
      <div className={styles['columns']}>
        <div className={styles['what']}>
          <ShownFirst approval={approval} />
          <Warnings approval={approval} />
          <Arguments approval={approval} tree={tree} onEndSeen={() => setSeenWhole(true)} />
          <Differences compared={approval.differs_from_earlier} />
          <Meaning approval={approval} />
        </div>
        <DecisionCard read={read} seenWhole={seenWhole} />
      </div>
    </Page>
  );
}

/** What the rule wants an approver to know before anything else. */
function ShownFirst({ approval: { shown_first: first } }: { readonly approval: Approval }): ReactNode {
  const { text, arguments: names = [] } = first ?? {};
  if (text === undefined && names.length === 0) return null;
  return (
    <Notice tone="accent" title="Before you decide">
      {text !== undefined && (
        <p>
          <VisibleText text={text} block />
        </p>
      )}
      {names.length > 0 && (
        <p>
          Look at{' '}
          <code>
            <VisibleText text={names.join(', ')} />
          </code>{' '}
          in the arguments.
        </p>
      )}
    </Notice>
  );
}

function Warnings({ approval }: { readonly approval: Approval }): ReactNode {
  const { uninspectable = [], destructive } = approval;
  return (
    <>
      {destructive === true && (
        <Notice tone="bad" title="This call may destroy or overwrite data.">
          <p>The server says so itself (destructiveHint). It cannot be undone from here.</p>
        </Notice>
      )}
      {uninspectable.length > 0 && (
        <Notice tone="warn" title="Parts of the arguments cannot be read by a person.">
          <ul>
            {uninspectable.map(({ path, why }) => (
              <li key={path}>
                <code>
                  <VisibleText text={path === '' ? 'the whole' : path} />
                </code>
                : <VisibleText text={why} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  );
}

/** Who asks, and what was approved of the tool before. */
function Meaning({ approval }: { readonly approval: Approval }): ReactNode {
  const { requester, agent } = approval;
  return (
    <>
      <Card title="Who asks">
        <Facts
          rows={[
            ['User', <VisibleText key="user" text={personName(requester)} />],
            ['User id', <Copyable key="subject" value={requester.subject} what="user id" />],
            ['Issuer', <Copyable key="issuer" value={requester.issuer} what="issuer" />],
            ['Agent', <VisibleText key="agent" text={agentName(agent)} />],
            agent.client_id === undefined
              ? undefined
              : ['Client id', <Copyable key="client" value={agent.client_id} what="client id" />],
            ['Tenant', <VisibleText key="tenant" text={approval.tenant} />],
            [
              'Asked',
              <span key="asked">
                {exactTime(approval.created_at)} (<Ago value={approval.created_at} />)
              </span>,
            ],
          ]}
        />
      </Card>
      <Card title="What the tool does" aside="the approved description">
        {approval.description === undefined || approval.description === '' ? (
          <p className="soft">The server does not describe this tool.</p>
        ) : (
          <p className={styles['description']}>
            <VisibleText text={approval.description} block />
          </p>
        )}
      </Card>
      <Card title="What this approval is bound to">
        <Facts
          rows={[
            digestRow('Request', approval.digest),
            digestRow('Arguments', approval.arguments_digest),
            digestRow('Definition', approval.definition_digest),
            digestRow('Policies', approval.policy_revision),
          ]}
        />
      </Card>
    </>
  );
}

const digestRow = (name: string, value: string | undefined): readonly [string, ReactNode] | undefined =>
  value === undefined
    ? undefined
    : [name, <Copyable key={name} value={value} what={`${name.toLowerCase()} digest`} lengthMax={40} />];
