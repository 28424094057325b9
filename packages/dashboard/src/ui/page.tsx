import { useEffect, type ReactNode } from 'react';
import { plainText } from '../text/visible.ts';
import { VisibleText } from './visible-text.tsx';
import styles from './page.module.css';

export interface PageProps {
  readonly title: string;
  /** In the tab of the browser, where it differs. */
  readonly tabTitle?: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, tabTitle = title, lead, actions, children }: PageProps): ReactNode {
  useEffect(() => {
    document.title = `${plainText(tabTitle)} · Sallyport`;
  }, [tabTitle]);
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <div className={styles['titles']}>
          <h1>
            <VisibleText text={title} />
          </h1>
          {lead !== undefined && <div className={styles['lead']}>{lead}</div>}
        </div>
        {actions !== undefined && <div className={styles['actions']}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export interface CardProps {
  readonly title?: string;
  readonly aside?: ReactNode;
  /** Without an inner margin, for tables and code. */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

export function Card({ title, aside, flush = false, children }: CardProps): ReactNode {
  return (
    <section className={styles['card']} {...(title !== undefined && { 'aria-label': title })}>
      {title !== undefined && (
        <div className={styles['cardHead']}>
          <h2>{title}</h2>
          {aside !== undefined && <div className={styles['aside']}>{aside}</div>}
        </div>
      )}
      <div className={flush ? styles['flush'] : styles['inside']}>{children}</div>
    </section>
  );
}

/** Names and values, one under the other. */
export function Facts({ rows }: { readonly rows: readonly (readonly [string, ReactNode] | undefined)[] }): ReactNode {
  const shown = rows.filter((row) => row !== undefined);
  return (
    <dl className={styles['facts']}>
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface NoticeProps {
  readonly tone: 'warn' | 'bad' | 'accent';
  readonly title: string;
  readonly children?: ReactNode;
}

/** Something that must not be missed. */
export function Notice({ tone, title, children }: NoticeProps): ReactNode {
  return (
    <div className={`${styles['notice']} ${styles[tone]}`} role="note">
      <p className={styles['noticeTitle']}>{title}</p>
      {children}
    </div>
  );
}
