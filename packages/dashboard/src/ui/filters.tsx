/** Filters of a list. They live in the address, so that a view can be sent to somebody. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ListFilter, Search, X } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useShortcuts } from '../shell/shortcuts.tsx';
import type { FilterValues } from '../text/filter-values.ts';
import { Button } from './button.tsx';
import styles from './filters.module.css';

/** The filters in the address, and a function that changes some of them. */
export function useFilters(): readonly [FilterValues, (next: FilterValues) => void] {
  const values: FilterValues = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = (next: FilterValues): void => {
    const merged = Object.entries({ ...values, ...next }).filter(([, value]) => (value ?? '') !== '');
    void navigate({ to: '.', search: Object.fromEntries(merged), replace: true });
  };
  return [values, set];
}

export interface Choice {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly [value: string, label: string])[];
}

export interface FilterBarProps {
  /** The filter that the text field is for. */
  readonly text?: string;
  readonly placeholder?: string;
  readonly choices?: readonly Choice[];
  readonly children?: ReactNode;
}

/** How long a person pauses before what they typed is searched for. */
const TYPING_PAUSE_MS = 250;

export function FilterBar({ text, placeholder = 'Filter', choices = [], children }: FilterBarProps): ReactNode {
  const [values, set] = useFilters();
  const used = [...(text === undefined ? [] : [text]), ...choices.map(({ name }) => name)];
  const active = used.some((name) => (values[name] ?? '') !== '');
  return (
    <div className={styles['bar']} role="search">
      {text !== undefined && (
        <TextFilter
          key={text}
          value={values[text] ?? ''}
          placeholder={placeholder}
          onChange={(value) => set({ [text]: value })}
        />
      )}
      {choices.map(({ name, label, options }) => (
        <select
          key={name}
          aria-label={label}
          className={styles['select']}
          value={values[name] ?? ''}
          onChange={(event) => set({ [name]: event.target.value })}
        >
          {options.map(([value, shown]) => (
            <option key={value} value={value}>
              {shown}
            </option>
          ))}
        </select>
      ))}
      {children}
      <Button
        look="quiet"
        disabled={!active}
        onClick={() => set(Object.fromEntries(used.map((name) => [name, undefined])))}
      >
        {active ? <X aria-hidden /> : <ListFilter aria-hidden />}
        {active ? 'Clear filters' : 'No filter'}
      </Button>
    </div>
  );
}

export interface TextFilterProps {
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (value: string) => void;
}

function TextFilter({ value, placeholder, onChange }: TextFilterProps): ReactNode {
  const [typed, setTyped] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const latest = useRef(onChange);
  latest.current = onChange;
  useShortcuts({ '/': { what: 'Filter this list', run: () => field.current?.focus() } });
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => latest.current(typed), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return (
    <div className={styles['search']}>
      <Search aria-hidden />
      <input
        ref={field}
        type="search"
        aria-label={placeholder}
        placeholder={placeholder}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && field.current?.blur()}
      />
      <kbd aria-hidden>/</kbd>
    </div>
  );
}
