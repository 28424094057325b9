import type { ReactNode } from 'react';
import styles from './badge.module.css';

export type Tone = 'good' | 'warn' | 'bad' | 'accent' | 'plain';

/** A state in one word. The dot repeats the colour; the word says it. */
export function Badge({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ReactNode }): ReactNode {
  return <span className={`${styles['badge']} ${styles[tone]}`}>{children}</span>;
}

const TONES: Readonly<Record<string, Tone>> = {
  ready: 'good',
  ok: 'good',
  approved: 'good',
  success: 'good',
  allow: 'good',
  executed: 'good',
  passed: 'good',
  would_be_executed: 'good',
  waits: 'accent',
  would_wait_for_approval: 'accent',
  would_be_refused: 'bad',
  not_visible: 'bad',
  starting: 'warn',
  pending: 'accent',
  needs_approval: 'accent',
  changed: 'warn',
  rejected: 'bad',
  withheld: 'bad',
  failed: 'bad',
  failure: 'bad',
  denied: 'bad',
  deny: 'bad',
  refused: 'bad',
  error: 'bad',
};

export const toneOf = (status: string): Tone => TONES[status.toLowerCase()] ?? 'plain';

export function Status({ value }: { readonly value: string }): ReactNode {
  return <Badge tone={toneOf(value)}>{value.replaceAll('_', ' ')}</Badge>;
}
