/** A call as the control API lists it: the short form of its outcome record. */
import { asObject, type JsonObject } from '@sallyport/guard';
import { z } from 'zod';
import type { FoundRecord } from '@sallyport/server/record-search';

/** One call, or another thing that was recorded. */
export const callSchema = z
  .object({
    index: z.int().describe('In its log.'),
    log: z.string(),
    time: z.iso.datetime(),
    correlation_id: z.string(),
    class: z.enum(['call', 'event']).describe('`event`: a change, a start, anything that is no call.'),
    operation: z.string().describe('MCP method, or what happened.'),
    user: z.string().optional().describe('Subject.'),
    issuer: z.string().optional(),
    agent: z.string().optional(),
    server: z.string().optional(),
    tool: z.string().optional().describe('Tool, prompt or resource.'),
    status: z.string().describe('`success`, `refused`, `error` or `unknown`.'),
    error_code: z.string().optional(),
    duration_ms: z.number().optional(),
    approval_id: z.string().optional(),
  })
  .meta({ id: 'Call' });

/** One record of the log, whole. */
export const recordSchema = z
  .object({ index: z.int(), log: z.string(), record: z.record(z.string(), z.unknown()) })
  .meta({ id: 'LoggedRecord' });

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** `call` for a record of a call; it has a method of MCP, and an event has none. */
export const classOf = (record: JsonObject): 'call' | 'event' =>
  asObject(record['unmapped'])['method'] === undefined ? 'event' : 'call';

/** The short form. What a record lacks is left out: it may be of another version. */
export function callView({ index, log, record }: FoundRecord): z.input<typeof callSchema> {
  const fields = asObject(record['unmapped']);
  const user = asObject(fields['user']);
  const optional = {
    user: textOf(user['subject']),
    issuer: textOf(user['issuer']),
    agent: textOf(fields['client_id']),
    server: textOf(fields['server']),
    tool: textOf(fields['tool_name']),
    error_code: textOf(fields['error_code']),
    approval_id: textOf(fields['approval_id']),
  };
  const duration = fields['duration_ms'];
  return {
    index,
    log,
    time: timeOf(record),
    correlation_id: textOf(fields['correlation_id']) ?? '',
    class: classOf(record),
    operation: textOf(asObject(record['api'])['operation']) ?? '',
    status: textOf(fields['status']) ?? '',
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    ...(typeof duration === 'number' && { duration_ms: duration }),
  };
}

/** A record of a clock that was wrong has a time too. */
function timeOf(record: JsonObject): string {
  const time = new Date(Number(record['time']));
  return Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString();
}
