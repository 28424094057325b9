/** Points in time: how long ago in words, the exact time as a tooltip. */
import { useSyncExternalStore, type ReactNode } from 'react';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Once a second, the same for all components. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function relativeTime(atMs: number, nowMs: number): string {
  const seconds = Math.round((atMs - nowMs) / 1_000);
  if (Math.abs(seconds) < 5) return 'now';
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return words.format(Math.trunc(seconds / length), unit);
}

const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

export const exactTime = (value: string): string => {
  const at = Date.parse(value);
  return Number.isNaN(at) ? value : exact.format(at);
};

export function Ago({ value }: { readonly value: string | undefined }): ReactNode {
  const current = useNow();
  const at = Date.parse(value ?? '');
  if (value === undefined || Number.isNaN(at)) return <span className="soft">–</span>;
  return (
    <time dateTime={value} title={exactTime(value)}>
      {relativeTime(at, current)}
    </time>
  );
}

/** For tables of records, where seconds matter and nothing may change its width. */
export function ClockTime({ value }: { readonly value: string }): ReactNode {
  const at = Date.parse(value);
  if (Number.isNaN(at)) return <span className="soft">–</span>;
  return (
    <time dateTime={value} title={value}>
      {day.format(at)} {clock.format(at)}
    </time>
  );
}

/** 4:05, for what is left of a short time. */
export function remaining(untilMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil((untilMs - nowMs) / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  const tail = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

export function TimeLeft({ until }: { readonly until: string }): ReactNode {
  const current = useNow();
  const left = Date.parse(until) - current;
  const text = left > 86_400_000 ? relativeTime(Date.parse(until), current) : remaining(Date.parse(until), current);
  return (
    <time dateTime={until} title={exactTime(until)} className="mono">
      {left > 0 ? text : 'expired'}
    </time>
  );
}
