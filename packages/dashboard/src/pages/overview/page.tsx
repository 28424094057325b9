import { useQuery } from '@tanstack/react-query';
import { Link, Navigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { overviewQuery } from '../../api/queries.ts';
import type { Overview } from '../../api/types.ts';
import { useHasRole } from '../../shell/session.tsx';
import { Status } from '../../ui/badge.tsx';
import { Card, Notice, Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { Chart } from './chart.tsx';
import { HeadFigures } from './head-figures.tsx';
import styles from './overview.module.css';

/** The page to which a sign-in leads. Who has no role has nothing to see here, and perhaps a request to decide. */
export function OverviewPage(): ReactNode {
  return useHasRole('viewer') ? <Live /> : <Navigate to="/approvals" replace />;
}

function Live(): ReactNode {
  const query = useQuery(overviewQuery);
  return (
    <Page
      title="Overview"
      lead={
        query.data && (
          <>
            Version {query.data.version}, started <Ago value={query.data.started_at} />
          </>
        )
      }
    >
      <Loaded query={query} what="the overview" roles="viewer" rows={12}>
        {(overview) => <Content overview={overview} />}
      </Loaded>
    </Page>
  );
}

function Content({ overview }: { readonly overview: Overview }): ReactNode {
  const { series, weakenings, step_seconds: step } = overview;
  const perSecond = (counts: readonly number[]): number[] => counts.map((count) => count / step);
  return (
    <>
      {weakenings.length > 0 && <Weakenings texts={weakenings} />}
      <HeadFigures overview={overview} />
      <div className={styles['charts']}>
        <Card title="Calls per second">
          <Chart
            label="Calls and refusals per second"
            time={series.time}
            lines={[
              { label: 'calls', values: perSecond(series.calls), tone: 1 },
              { label: 'refused', values: perSecond(series.refused), tone: 2 },
            ]}
          />
        </Card>
        <Card title="Latency in milliseconds">
          <Chart
            label="Latency of calls, in milliseconds"
            time={series.time}
            lines={[
              { label: 'p50', values: series.p50_ms, tone: 1 },
              { label: 'p95', values: series.p95_ms, tone: 3 },
              { label: 'p99', values: series.p99_ms, tone: 2 },
            ]}
          />
        </Card>
      </div>
      <div className={styles['lists']}>
        <Refusals overview={overview} />
        <Servers overview={overview} />
        <Changes overview={overview} />
      </div>
    </>
  );
}

function Weakenings({ texts }: { readonly texts: readonly string[] }): ReactNode {
  const title =
    texts.length === 1 ? 'A protection is taken away' : `${String(texts.length)} protections are taken away`;
  return (
    <Notice tone="warn" title={title}>
      <ul>
        {texts.map((text) => (
          <li key={text}>
            <VisibleText text={text} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function Refusals({ overview }: { readonly overview: Overview }): ReactNode {
  const isAuditor = useHasRole('auditor');
  const most = Math.max(1, ...overview.refusals.map(({ count }) => count));
  return (
    <Card title="Refusals by reason" aside="in this window">
      {overview.refusals.length === 0 ? (
        <p className="soft">No call was refused.</p>
      ) : (
        <ul className={styles['bars']}>
          {overview.refusals.map(({ error_code, count }) => (
            <li key={error_code}>
              {isAuditor ? (
                <Link to="/calls" search={{ error_code }}>
                  {error_code}
                </Link>
              ) : (
                <span>{error_code}</span>
              )}
              <span className={styles['bar']} aria-hidden>
                <span style={{ width: `${String((count / most) * 100)}%` }} />
              </span>
              <span className={styles['count']}>{count.toLocaleString('en')}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Servers({ overview }: { readonly overview: Overview }): ReactNode {
  return (
    <Card title="Servers and issuers">
      <ul className={styles['health']}>
        {overview.servers.map(({ name, status, error }) => (
          <li key={name}>
            <Link to="/servers/$name" params={{ name }}>
              {name}
            </Link>
            <Status value={status} />
            {error !== undefined && (
              <span className={styles['error']}>
                <VisibleText text={error} />
              </span>
            )}
          </li>
        ))}
        {overview.issuers.map(({ issuer, status, error }) => (
          <li key={issuer}>
            <span className={styles['issuer']}>
              <VisibleText text={issuer} />
            </span>
            <Status value={status} />
            {error !== undefined && (
              <span className={styles['error']}>
                <VisibleText text={error} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Changes({ overview }: { readonly overview: Overview }): ReactNode {
  return (
    <Card title="What changed lately">
      {overview.changes.length === 0 ? (
        <p className="soft">Nothing since the start.</p>
      ) : (
        <ul className={styles['changes']}>
          {overview.changes.map(({ time, text, by, kind }) => (
            <li key={`${time} ${kind} ${text}`}>
              <span className="soft">
                <Ago value={time} />
              </span>
              <span>
                <VisibleText text={text} />
                {by !== undefined && (
                  <span className="soft">
                    {' '}
                    by <VisibleText text={by} />
                  </span>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
