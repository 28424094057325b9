/** The records of a running gateway, read over its control API. */
import { asObject, isObject } from '@sallyport/guard';
import { parseJson } from '@sallyport/guard/json';
import { adminLines, type AdminTarget } from './admin-client.ts';
import { matches, type RecordFilter } from './audit-filter.ts';
import { shortenRecord, type ShortRecord } from './audit-record.ts';

/** The newest records that a filter chooses, oldest first. Calls are found when they have ended. */
export async function searchOverApi(target: AdminTarget, filter: RecordFilter): Promise<readonly ShortRecord[]> {
  const wanted: Readonly<Record<string, string | undefined>> = {
    user: filter.user,
    server: filter.server,
    tool: filter.tool,
    method: filter.method,
    status: filter.status,
    error_code: filter.errorCode,
    correlation_id: filter.correlationId,
    log: filter.log,
    since: timeOf(filter.since),
    until: timeOf(filter.until),
    limit: String(filter.limit),
  };
  const given = Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const found: ShortRecord[] = [];
  for await (const line of adminLines(target, `/api/v1/calls/export?${new URLSearchParams(given).toString()}`)) {
    const { record, index, log } = asObject(parseJson(line));
    if (!isObject(record)) continue;
    const short = shortenRecord(record, Number(index), log === 'gateway' ? undefined : String(log));
    if (filter.tenant !== undefined && short['tenant_id'] !== undefined && short['tenant_id'] !== filter.tenant)
      throw new Error(`the credential is of another tenant than ${filter.tenant}`);
    if (matches(short, filter)) found.push(short);
  }
  return found.reverse();
}

const timeOf = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();
