import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Overview } from '../../api/types.ts';
import styles from './overview.module.css';

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const lastKnown = (values: readonly (number | null)[]): number | null =>
  values.findLast((value) => value !== null) ?? null;

/** The figures of the whole window, each of a fixed width so that nothing moves when they change. */
export function HeadFigures({ overview }: { readonly overview: Overview }): ReactNode {
  const { series, window_seconds, approvals_pending, servers } = overview;
  const calls = sum(series.calls);
  const refused = sum(series.refused);
  const failed = servers.filter(({ status }) => status !== 'ready').length;
  const p99 = lastKnown(series.p99_ms);
  const share = calls === 0 ? 0 : (refused / calls) * 100;
  return (
    <ul
      className={styles['figures']}
      aria-label={`Figures of the last ${String(Math.round(window_seconds / 60))} minutes`}
    >
      <Figure
        name="Calls"
        value={calls.toLocaleString('en')}
        note={`last ${String(Math.round(window_seconds / 60))} minutes`}
      />
      <Figure
        name="Refused"
        value={`${share.toFixed(1)} %`}
        note={refused === 1 ? '1 call' : `${refused.toLocaleString('en')} calls`}
      />
      <Figure name="p99" value={p99 === null ? '–' : `${String(Math.round(p99))} ms`} note="most recent" />
      <Figure
        name="Waiting for approval"
        value={String(approvals_pending)}
        note={<Link to="/approvals">open the queue</Link>}
      />
      <Figure
        name="Servers"
        value={`${String(servers.length - failed)} of ${String(servers.length)}`}
        note={failed === 0 ? 'all ready' : `${String(failed)} not ready`}
      />
    </ul>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly note: ReactNode;
}

function Figure({ name, value, note }: FigureProps): ReactNode {
  return (
    <li>
      <span className={styles['name']}>{name}</span>
      <span className={styles['value']}>{value}</span>
      <span className={styles['note']}>{note}</span>
    </li>
  );
}
