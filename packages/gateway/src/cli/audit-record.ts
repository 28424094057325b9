/** Records of the audit log as the commands show them: with short field names, as text, JSON or CSV. */
import { isObject, type JsonObject } from '@sallyport/guard';
import type { FollowedRecord } from '@sallyport/server/segments/follow';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';

/** One record under short field names. */
export type ShortRecord = JsonObject & { readonly timestamp: string; readonly index: number; readonly log?: string };

/** How records are printed. */
export type RecordFormat = 'text' | 'json' | 'csv';

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

/** @param log name of a process beside the gateway, because an index counts within one log. */
export function shorten({ index, bytes }: FollowedRecord, log: string | undefined): ShortRecord {
  return shortenRecord(JSON.parse(bytes.toString()) as JsonObject, index, log);
}

/** The same of a record that was parsed. */
export function shortenRecord(record: JsonObject, index: number, log: string | undefined): ShortRecord {
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

/** Oldest first. */
export function byTime(a: ShortRecord, b: ShortRecord): number {
  if (a.timestamp === b.timestamp) return 0;
  return a.timestamp < b.timestamp ? -1 : 1;
}

/** L5: few records live for long, because the engine's memory grows with what survives. */
const SLACK = 16;

/** Keeps the newest of any number of records. */
export function createNewest(limit: number): { add(record: ShortRecord): void; read(): readonly ShortRecord[] } {
  let kept: ShortRecord[] = [];
  const read = (): readonly ShortRecord[] => (kept = kept.sort(byTime).slice(-limit));
  return {
    add(record) {
      kept.push(record);
      if (kept.length >= 2 * limit + SLACK) read();
    },
    read,
  };
}

/** Prints records with the header that the format has. */
export function printRecords(records: readonly ShortRecord[], format: RecordFormat, io: CliIo): void {
  if (format === 'csv') io.stdout(`${COLUMNS.join(',')}\n`);
  else if (records.length === 0 && format === 'text') io.stdout('No record matches.\n');
  for (const record of records) io.stdout(`${recordLine(record, format)}\n`);
}

/** One record on one line, without a line break. */
export function recordLine(record: ShortRecord, format: RecordFormat): string {
  if (format === 'json') return JSON.stringify(record);
  const text = (name: string): string => textOf((record as JsonObject)[name]);
  if (format === 'csv') return COLUMNS.map((name) => csvCell(text(name))).join(',');
  const tool = [text('server'), text('tool_name')].filter((part) => part !== '').join('/');
  const cells = [
    text('tenant_id').padEnd(10),
    text('phase').padEnd(7),
    (text('status') || '–').padEnd(8),
    text('error_code').padEnd(18),
    text('method') || text('operation'),
    tool === '' ? changedText(record['target']) : tool,
  ];
  return printable(`${record.timestamp}  ${cells.join(' ')}  ${text('subject')}`).trimEnd();
}

/** What a change was made to, such as `approval_id=5f0c… verdict=approve`. */
function changedText(target: unknown): string {
  if (!isObject(target)) return textOf(target);
  const parts = Object.entries(target).map(([name, value]) => `${name}=${textOf(value)}`);
  return parts.join(' ');
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** J13: a cell never begins as a formula, and quotes and line breaks stay inside it (RFC 4180). */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
