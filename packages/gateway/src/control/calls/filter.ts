/** Which calls somebody asks for. */
import { asObject, type JsonObject } from '@sallyport/guard';
import { z } from 'zod';
import type { RecordQuery } from '@sallyport/server/record-search';
import { classOf } from './view.ts';

const name = z.string().min(1).max(512).optional();
const time = z.iso.datetime({ offset: true }).optional();

/** What every query of calls can name. */
export const CALL_FILTER = {
  user: name.describe('Subject.'),
  agent: name.describe('Client id.'),
  server: name,
  tool: name.describe('Tool, prompt or resource.'),
  method: name.describe('MCP method, or what happened.'),
  status: z.enum(['success', 'refused', 'error', 'unknown']).optional(),
  error_code: z
    .string()
    .regex(/^[A-Z_]{1,64}$/)
    .optional(),
  correlation_id: name,
  approval_id: name,
  text: z.string().min(2).max(256).optional().describe('Part of any text of the record, in any case.'),
  kind: z.enum(['call', 'event']).optional(),
  log: z
    .string()
    .regex(/^[a-z]+(-\d{1,4})?$/)
    .optional()
    .describe('Only the log of this process.'),
  since: time,
  until: time,
};

const filterSchema = z.object(CALL_FILTER);
/** A query of calls. */
export type CallFilter = z.output<typeof filterSchema>;

/** Members of a record that a filter compares, by the name of the filter. */
const COMPARED = {
  agent: 'client_id',
  server: 'server',
  tool: 'tool_name',
  status: 'status',
  error_code: 'error_code',
  correlation_id: 'correlation_id',
  approval_id: 'approval_id',
} as const;

/** What to look for, for a search of the logs. A call is listed once, when it has ended. */
export function recordQueryOf(filter: CallFilter): Pick<RecordQuery, 'matches' | 'texts' | 'sinceMs'> {
  const since = filter.since === undefined ? undefined : Date.parse(filter.since);
  const until = filter.until === undefined ? Infinity : Date.parse(filter.until);
  const wanted = Object.entries(COMPARED).flatMap(([key, member]) => {
    const value = filter[key as keyof typeof COMPARED];
    return value === undefined ? [] : [[member, value] as const];
  });
  const exact = [...wanted, ...(filter.user === undefined ? [] : [['subject', filter.user] as const])];
  const text = filter.text === undefined ? undefined : asJson(filter.text).toLowerCase();
  return {
    ...(since !== undefined && { sinceMs: since }),
    // What can stand in no other way in a canonical record is looked for before the record is parsed.
    texts: ['"phase":"outcome"', ...exact.map(([member, value]) => `"${member}":"${asJson(value)}"`)],
    matches(record) {
      const fields = asObject(record['unmapped']);
      if (fields['phase'] !== 'outcome' || Number(record['time']) > until) return false;
      if (!wanted.every(([member, value]) => fields[member] === value)) return false;
      if (filter.user !== undefined && asObject(fields['user'])['subject'] !== filter.user) return false;
      if (filter.kind !== undefined && classOf(record) !== filter.kind) return false;
      if (filter.method !== undefined && asObject(record['api'])['operation'] !== filter.method) return false;
      return text === undefined || hasText(record, text);
    },
  };
}

/** A text as it stands between the quotes of JSON. */
const asJson = (text: string): string => JSON.stringify(text).slice(1, -1);

const hasText = (record: JsonObject, text: string): boolean => JSON.stringify(record).toLowerCase().includes(text);
