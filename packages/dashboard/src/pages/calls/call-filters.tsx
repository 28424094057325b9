import type { ReactNode } from 'react';
import { useSession } from '../../shell/session.tsx';
import { FilterBar, useFilters } from '../../ui/filters.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { FIELDS } from './filter-text.ts';
import styles from './calls.module.css';

const CHOICES = [
  {
    name: 'status',
    label: 'Status',
    options: [
      ['', 'Any status'],
      ['success', 'Success'],
      ['refused', 'Refused'],
      ['error', 'Error'],
      ['unknown', 'Unknown'],
    ],
  },
  {
    name: 'kind',
    label: 'Kind',
    options: [
      ['', 'Calls and changes'],
      ['call', 'Calls'],
      ['event', 'Changes'],
    ],
  },
  {
    name: 'within',
    label: 'Time',
    options: [
      ['', 'Any time'],
      ['hour', 'Last hour'],
      ['day', 'Last day'],
      ['week', 'Last week'],
    ],
  },
] as const;

/** For those who may read what belongs to no tenant. */
const SCOPE = {
  name: 'scope',
  label: 'Log',
  options: [
    ['', 'Log of the tenant'],
    ['gateway', 'Log of the gateway'],
  ],
} as const;

export function CallFilters(): ReactNode {
  const [values, set] = useFilters();
  const { installation_roles: everywhere } = useSession();
  const choices = everywhere.includes('auditor') || everywhere.includes('admin') ? [...CHOICES, SCOPE] : CHOICES;
  const named = FIELDS.filter((name) => (values[name] ?? '') !== '');
  return (
    <div className={styles['filters']}>
      <FilterBar text="q" placeholder="Search: user:alice tool:refund text" choices={choices} />
      {named.length > 0 && (
        <ul className={styles['chips']} aria-label="Further filters">
          {named.map((name) => (
            <li key={name}>
              <button type="button" onClick={() => set({ [name]: undefined })} title="Remove this filter">
                {name.replaceAll('_', ' ')}: <VisibleText text={values[name] ?? ''} /> <span aria-hidden>×</span>
                <span className="visually-hidden">, remove</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
