/** What a page shows instead of content: loading, nothing there, not allowed, not in this version, failed. */
import type { UseQueryResult } from '@tanstack/react-query';
import { CircleSlash, Inbox, Lock, RotateCw, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Problem } from '../api/client.ts';
import { Button } from './button.tsx';
import { Copyable } from './copy.tsx';
import styles from './states.module.css';

export interface StateProps {
  readonly icon?: LucideIcon;
  readonly title: string;
  readonly children?: ReactNode;
}

export function Empty({ icon: Icon = Inbox, title, children }: StateProps): ReactNode {
  return (
    <div className={styles['state']}>
      <Icon aria-hidden />
      <p className={styles['title']}>{title}</p>
      {children !== undefined && <div className={styles['text']}>{children}</div>}
    </div>
  );
}

/** Lines that keep the place of what is loading. */
export function Loading({ what, rows = 6 }: { readonly what: string; readonly rows?: number }): ReactNode {
  return (
    <div className={styles['loading']} role="status" data-loading>
      <span className="visually-hidden">Loading {what}…</span>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} aria-hidden className={styles['bone']} />
      ))}
    </div>
  );
}

export function NoPermission({ what, roles }: { readonly what: string; readonly roles?: string }): ReactNode {
  return (
    <Empty icon={Lock} title={`You may not see ${what}`}>
      <p>
        {roles === undefined ? 'Your role does not include it.' : `This needs the role ${roles}.`} Ask an administrator
        of this gateway; roles are bound under <code>control.roles</code> in the configuration.
      </p>
    </Empty>
  );
}

export interface FailedProps {
  readonly error: Error;
  readonly what: string;
  readonly roles?: string | undefined;
  /** For a single thing, 404 means that it does not exist; for a list, that this gateway has no such list. */
  readonly single?: boolean | undefined;
  readonly again: () => void;
}

export function Failed({ error, what, roles, single = false, again }: FailedProps): ReactNode {
  const status = error instanceof Problem ? error.status : -1;
  if (status === 403) return <NoPermission what={what} {...(roles !== undefined && { roles })} />;
  if (status === 404 && single) {
    return (
      <Empty icon={CircleSlash} title="This does not exist">
        <p>It may have been removed, or it belongs to another tenant.</p>
      </Empty>
    );
  }
  if (status === 404) {
    return (
      <Empty icon={CircleSlash} title="Not available in this version">
        <p>This gateway does not answer for {what} yet. Everything else works as usual.</p>
      </Empty>
    );
  }
  return (
    <Empty icon={TriangleAlert} title={status === 0 ? 'The gateway did not answer' : `${what} could not be read`}>
      <p>{status === 0 ? 'Check that it runs and that this computer reaches it.' : error.message}</p>
      {error instanceof Problem && error.correlationId !== undefined && (
        <p>
          In the gateway&apos;s log: <Copyable value={error.correlationId} what="correlation id" />
        </p>
      )}
      <Button onClick={again}>
        <RotateCw aria-hidden /> Try again
      </Button>
    </Empty>
  );
}

/** The part of a query's result that decides what is shown. */
export type LoadedQuery<Data> = Pick<UseQueryResult<Data>, 'data' | 'error' | 'refetch'>;

export interface LoadedProps<Data> extends Omit<FailedProps, 'error' | 'again'> {
  readonly query: LoadedQuery<Data>;
  readonly rows?: number;
  readonly children: (data: Data) => ReactNode;
}

/** What was read stays on the page when reading it again fails. */
export function Loaded<Data>({ query, rows, children, ...rest }: LoadedProps<Data>): ReactNode {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <Failed {...rest} error={query.error} again={() => void query.refetch()} />;
  return <Loading what={rest.what} {...(rows !== undefined && { rows })} />;
}
