/**
 * B9: anybody can be refused as often as it likes, and no such refusal may cost a durable record of its own. A few of
 * each minute are recorded in full; the others are counted, and one record a minute sums them up.
 */
import { asObject, type AuditLog, type AuditRecord, type Clock, type JsonObject, type Log } from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';

/** What keeps the records of refused strangers. */
export interface RefusedStrangers {
  /** The log for the guard: refusals of callers that are not known are counted here, and not waited for. */
  readonly audit: AuditLog;
  /** Records or counts one refused request that never became a call. */
  add(record: AuditRecord, errorCode: string, address: string): void;
  /** Writes what was counted. */
  close(): Promise<void>;
}

const INTERVAL_MS = 60_000;
/** Records of one interval that are written in full: enough to look into an attempt, too few to fill a disk. */
const RECORDS_IN_FULL_MAX = 10;
/** Pairs of address and error that a summary tells apart. */
const GROUPS_MAX = 100;
const TENANT = '_';

interface Interval {
  readonly startedAtMs: number;
  inFull: number;
  counted: number;
  readonly groups: Map<string, { readonly address: string; readonly errorCode: string; count: number }>;
}

/** @param audit where the records are written. */
export function createRefusedStrangers(audit: AuditLog, clock: Clock, log: Log): RefusedStrangers {
  let interval = openInterval(clock.now());
  const write = (record: AuditRecord): Promise<void> =>
    audit
      .append(TENANT, record)
      .catch((cause: unknown) => log('error', 'a refused request could not be recorded', { cause: String(cause) }));
  const sumUp = async (): Promise<void> => {
    const ended = interval;
    interval = openInterval(clock.now());
    if (ended.counted > 0) await write(summaryOf(ended, clock.now()));
  };
  const timer = setInterval(() => void sumUp(), INTERVAL_MS);
  timer.unref();
  const add = (record: AuditRecord, errorCode: string, address: string): void => {
    if (interval.inFull < RECORDS_IN_FULL_MAX) {
      interval.inFull += 1;
      void write(record);
    } else count(interval, errorCode, address);
  };
  return {
    audit: {
      async append(tenant, record) {
        if (tenant !== TENANT || !isRefusalOfStranger(record)) return audit.append(tenant, record);
        const address = asObject(record['src_endpoint'])['ip'];
        const errorCode = asObject(record['unmapped'])['error_code'];
        add(record, String(errorCode ?? ''), String(address ?? ''));
      },
    },
    add,
    async close() {
      clearInterval(timer);
      await sumUp();
    },
  };
}

const openInterval = (startedAtMs: number): Interval => ({ startedAtMs, inFull: 0, counted: 0, groups: new Map() });

function count(interval: Interval, errorCode: string, address: string): void {
  interval.counted += 1;
  const key = JSON.stringify([address, errorCode]);
  const group = interval.groups.get(key);
  if (group !== undefined) group.count += 1;
  else if (interval.groups.size < GROUPS_MAX) interval.groups.set(key, { address, errorCode, count: 1 });
}

/** The gateway's own calls have the same log and no tenant either, but they are no strangers. */
function isRefusalOfStranger(record: AuditRecord): boolean {
  const isRefused = asObject(record['unmapped'])['status'] === 'refused';
  return isRefused && asObject(asObject(record['actor'])['user'])['name'] === 'unauthenticated';
}

function summaryOf({ startedAtMs, counted, groups }: Interval, nowMs: number): AuditRecord {
  const listed = [...groups.values()].sort((a, b) => b.count - a.count);
  const fields: JsonObject = {
    since: startedAtMs,
    refused: counted,
    groups: listed.map(({ address, errorCode, count: of }) => ({
      error_code: errorCode,
      source_ip: address,
      refused: of,
    })),
    others: counted - listed.reduce((sum, { count: of }) => sum + of, 0),
  };
  return logRecord('requests.refused', fields, nowMs);
}
