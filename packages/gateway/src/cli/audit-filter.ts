/** The options that choose records, shared by `audit search` and `audit tail`. */
import { InvalidArgumentError } from 'commander';
import { LOG_SUMMARY, type LogSelection } from './audit-folders.ts';
import type { RecordFormat, ShortRecord } from './audit-record.ts';
import type { CommandOption } from './command.ts';

/** Which records to show, and how. */
export interface RecordFilter extends LogSelection {
  readonly user?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly method?: string;
  readonly status?: string;
  readonly errorCode?: string;
  readonly correlationId?: string;
  /** Milliseconds since 1970. */
  readonly since?: number;
  /** Milliseconds since 1970. */
  readonly until?: number;
  readonly limit: number;
  readonly format: RecordFormat;
}

/** The options of a filter, without `--limit`. */
export const FILTER_OPTIONS: readonly CommandOption[] = [
  { flags: '--from <folder>', summary: 'data folder or export' },
  { flags: '--tenant <id>', summary: 'only this tenant' },
  { flags: '--log <name>', summary: LOG_SUMMARY },
  { flags: '--user <subject>', summary: 'user id' },
  { flags: '--server <name>', summary: 'server' },
  { flags: '--tool <name>', summary: 'tool, prompt or resource' },
  { flags: '--method <method>', summary: 'MCP method, or a change such as approval.decide' },
  {
    flags: '--status <status>',
    summary: 'how the call ended',
    choices: ['success', 'refused', 'error', 'unknown'],
  },
  { flags: '--error-code <code>', summary: 'for example PERMISSION_DENIED' },
  { flags: '--correlation-id <id>', summary: 'X-Correlation-ID of a response' },
  { flags: '--since <time>', summary: 'from this time on', parse: parseTime },
  { flags: '--until <time>', summary: 'up to this time', parse: parseTime },
  { flags: '--format <format>', summary: 'output', choices: ['text', 'json', 'csv'], default: 'text' },
  { flags: '--json', summary: 'same as --format json' },
];

/** `--limit <n>` with the default of a command. */
export const limitOption = (summary: string, standard: number): CommandOption => ({
  flags: '--limit <n>',
  summary,
  parse: parseCount,
  default: standard,
});

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseTime(text: string): number {
  const ago = /^(\d+)([smhd])$/.exec(text);
  const time = ago === null ? Date.parse(text) : Date.now() - Number(ago[1]) * (MILLISECONDS[ago[2] ?? ''] ?? 0);
  if (Number.isNaN(time))
    throw new InvalidArgumentError('Use a time such as 2026-11-21T10:00:00Z, or 15m, 2h, 7d ago.');
  return time;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Use a whole number from 1.');
  return Number(text);
}

/** `--json` is short for `--format json`. */
export const formatOf = (filter: RecordFilter): RecordFormat => (filter.json ? 'json' : filter.format);

/** True for a record that the filter chooses. */
export function matches(record: ShortRecord, filter: RecordFilter): boolean {
  const time = Date.parse(record.timestamp);
  if (time < (filter.since ?? -Infinity) || time > (filter.until ?? Infinity)) return false;
  const expected: Readonly<Record<string, string | undefined>> = {
    subject: filter.user,
    server: filter.server,
    tool_name: filter.tool,
    status: filter.status,
    error_code: filter.errorCode,
    correlation_id: filter.correlationId,
  };
  // A record of a change has an operation only; that of a call is its method.
  if (filter.method !== undefined && (record['method'] ?? record['operation']) !== filter.method) return false;
  return Object.entries(expected).every(
    ([name, value]) => value === undefined || record[name as keyof ShortRecord] === value,
  );
}
