/** `sallyport audit search` and `tail`: records by short field names, as text, JSON lines or CSV. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { JsonObject } from '@sallyport/guard';
import { followRecords, type FollowedRecord } from '../adapters/segments/follow.ts';
import { readRecords } from '../adapters/segments/verify.ts';
import { foldersOf, LOG, type TenantFolder } from './audit-folders.ts';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';

interface Filter {
  readonly from?: string;
  readonly tenant?: string;
  readonly log?: string;
  readonly user?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly method?: string;
  readonly status?: string;
  readonly errorCode?: string;
  readonly correlationId?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly format: 'text' | 'json' | 'csv';
  readonly json?: boolean;
}

/** One record by the short names of the contract. */
export type ShortRecord = JsonObject & { readonly timestamp: string; readonly index: number; readonly log?: string };

const COLUMNS = [
  'timestamp',
  'tenant_id',
  'phase',
  'status',
  'error_code',
  'method',
  'server',
  'tool_name',
  'subject',
  'client_id',
  'duration_ms',
  'correlation_id',
  'record_id',
  'index',
  'log',
] as const;

function time(text: string): number {
  const ago = /^(\d+)([smhd])$/.exec(text);
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[ago?.[2] ?? ''] ?? 0;
  const at = ago === null ? Date.parse(text) : Date.now() - Number(ago[1]) * unit;
  if (Number.isNaN(at)) throw new InvalidArgumentError('Use a time such as 2026-11-21T10:00:00Z, or 15m, 2h, 7d ago.');
  return at;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Use a whole number from 1.');
  return Number(text);
}

function withFilters(command: Command): Command {
  return command
    .option('--from <folder>', 'data folder or export')
    .option('--tenant <id>', 'only this tenant')
    .option('--log <name>', LOG)
    .option('--user <subject>', 'user id')
    .option('--server <name>', 'server')
    .option('--tool <name>', 'tool, prompt or resource')
    .option('--method <method>', 'MCP method')
    .addOption(
      new Option('--status <status>', 'how the call ended').choices(['success', 'refused', 'error', 'unknown']),
    )
    .option('--error-code <code>', 'for example PERMISSION_DENIED')
    .option('--correlation-id <id>', 'X-Correlation-ID of a response')
    .option('--since <time>', 'from this time on', time)
    .option('--until <time>', 'up to this time', time)
    .addOption(new Option('--format <format>', 'output').choices(['text', 'json', 'csv']).default('text'))
    .option('--json', 'same as --format json');
}

export function registerSearch(audit: Command, io: CliIo): void {
  withFilters(audit.command('search').description('find records, newest last'))
    .option('--limit <n>', 'at most this many, the newest', count, 100)
    .addHelpText('after', '\nExample:\n  $ sallyport audit search --tenant acme --status refused --since 2h\n')
    .action(async (filter: Filter) => print((await search(filter, io)).slice(-filter.limit), formatOf(filter), io));
  withFilters(audit.command('tail').description('show new records as they are written, until interrupted'))
    .option('--limit <n>', 'show this many old ones first', count, 10)
    .addHelpText('after', '\nExample:\n  $ sallyport audit tail --status refused\n')
    .action((filter: Filter) => tail(filter, io));
}

const formatOf = (filter: Filter): Filter['format'] => (filter.json ? 'json' : filter.format);

async function search(filter: Filter, io: CliIo): Promise<ShortRecord[]> {
  const folders = await foldersOf(filter, io);
  return folders
    .flatMap((one) => recordsOf(one))
    .filter((record) => matches(record, filter))
    .sort(byTime);
}

const byTime = (a: ShortRecord, b: ShortRecord): number =>
  a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0;

function recordsOf({ folder, log }: TenantFolder): ShortRecord[] {
  return readRecords(folder).records.map((record) => shorten(record, log));
}

/** @param log of a process beside the gateway: an index is one of a log. */
export function shorten({ index, bytes }: FollowedRecord, log: string | undefined): ShortRecord {
  const record = JSON.parse(bytes.toString()) as JsonObject;
  const fields = record['unmapped'] as JsonObject;
  const user = fields['user'] as JsonObject | undefined;
  return {
    ...fields,
    ...(user !== undefined && { subject: user['subject'] ?? null }),
    operation: (record['api'] as JsonObject)['operation'] ?? null,
    timestamp: new Date(Number(record['time'])).toISOString(),
    index,
    ...(log !== undefined && { log }),
  };
}

function matches(record: ShortRecord, filter: Filter): boolean {
  const at = Date.parse(record.timestamp);
  const wanted = {
    subject: filter.user,
    server: filter.server,
    tool_name: filter.tool,
    method: filter.method,
    status: filter.status,
    error_code: filter.errorCode,
    correlation_id: filter.correlationId,
  };
  return (
    at >= (filter.since ?? -Infinity) &&
    at <= (filter.until ?? Infinity) &&
    Object.entries(wanted).every(
      ([name, value]) => value === undefined || record[name as keyof typeof record] === value,
    )
  );
}

function print(records: readonly ShortRecord[], format: Filter['format'], io: CliIo): void {
  if (format === 'csv') io.stdout(`${COLUMNS.join(',')}\n`);
  else if (records.length === 0 && format === 'text') io.stdout('No record matches.\n');
  for (const record of records) io.stdout(`${lineOf(record, format)}\n`);
}

function lineOf(record: ShortRecord, format: Filter['format']): string {
  if (format === 'json') return JSON.stringify(record);
  const text = (name: string): string => {
    const value = (record as JsonObject)[name];
    return value === undefined || value === null
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  };
  if (format === 'csv') return COLUMNS.map((name) => csvCell(text(name))).join(',');
  const what = [text('server'), text('tool_name')].filter((part) => part !== '').join('/');
  return printable(
    `${record.timestamp}  ${text('tenant_id').padEnd(10)} ${text('phase').padEnd(7)} ${(text('status') || '–').padEnd(8)} ${text('error_code').padEnd(18)} ${text('method') || text('operation')} ${what}  ${text('subject')}`,
  ).trimEnd();
}

/** J13: a cell never begins as a formula, and quotes and line breaks stay inside it (RFC 4180). */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const POLL_MS = 250;

/** Asks again and again instead of watching: of a tenant whose first record is still to come there is nothing to watch. */
async function tail(filter: Filter, io: CliIo): Promise<void> {
  const format = formatOf(filter);
  const followed = new Map<string, ReturnType<typeof followRecords>>();
  const fresh = async (): Promise<ShortRecord[]> => {
    const records: ShortRecord[] = [];
    for (const { folder, log } of await foldersOf(filter, io)) {
      if (!followed.has(folder)) followed.set(folder, followRecords(folder));
      for (const record of followed.get(folder)?.() ?? []) records.push(shorten(record, log));
    }
    return records.filter((record) => matches(record, filter)).sort(byTime);
  };
  print((await fresh()).slice(-filter.limit), format, io);
  const ended = new AbortController();
  const stop = (): void => ended.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  while (!ended.signal.aborted) {
    await sleep(POLL_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    for (const record of await fresh()) io.stdout(`${lineOf(record, format)}\n`);
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
}
