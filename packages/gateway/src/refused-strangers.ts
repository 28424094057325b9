/**
 * B9: anybody can be refused as often as it likes, and no such refusal may cost a durable record of its own. A few of
 * each minute are recorded in full; the others are counted, and one record a minute sums them up. What a tenant's own
 * log records is bounded by the limits of its users.
 */
import { asObject, type AuditLog, type AuditRecord, type Clock, type JsonObject, type Log } from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';

/** What keeps the records of refused strangers. */
export interface RefusedStrangers {
  /** The log for the guard: refusals that belong to no tenant are counted here, and not waited for. */
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
/** Of the user of the gateway's own calls. */
const GATEWAY_ISSUER = 'urn:sallyport';

/** What a summary tells apart. */
interface Refused {
  readonly address: string;
  readonly errorCode: string;
  /** `undefined` for a caller without a credential that is valid. */
  readonly user: string | undefined;
}

interface Interval {
  readonly startedAtMs: number;
  inFull: number;
  counted: number;
  readonly groups: Map<string, Refused & { count: number }>;
}

/** @param audit where the records are written. */
export function createRefusedStrangers(audit: AuditLog, clock: Clock, log: Log): RefusedStrangers {
  // Apart from each other, so that a flood of strangers does not hide which users were refused.
  const intervals = { strangers: openInterval(clock.now()), users: openInterval(clock.now()) };
  const write = (record: AuditRecord): Promise<void> =>
    audit
      .append(TENANT, record)
      .catch((cause: unknown) => log('error', 'a refused request could not be recorded', { cause: String(cause) }));
  const sumUp = async (): Promise<void> => {
    const ended = Object.values(intervals);
    intervals.strangers = openInterval(clock.now());
    intervals.users = openInterval(clock.now());
    for (const interval of ended) if (interval.counted > 0) await write(summaryOf(interval, clock.now()));
  };
  const timer = setInterval(() => void sumUp(), INTERVAL_MS);
  timer.unref();
  const add = (record: AuditRecord, refused: Refused): void => {
    const interval = refused.user === undefined ? intervals.strangers : intervals.users;
    if (interval.inFull < RECORDS_IN_FULL_MAX) {
      interval.inFull += 1;
      void write(record);
    } else count(interval, refused);
  };
  return {
    audit: {
      async append(tenant, record) {
        const refused = tenant === TENANT ? refusedIn(record) : undefined;
        if (refused === undefined) return audit.append(tenant, record);
        add(record, refused);
      },
    },
    add: (record, errorCode, address) => add(record, { address, errorCode, user: undefined }),
    async close() {
      clearInterval(timer);
      await sumUp();
    },
  };
}

const openInterval = (startedAtMs: number): Interval => ({ startedAtMs, inFull: 0, counted: 0, groups: new Map() });

function count(interval: Interval, refused: Refused): void {
  interval.counted += 1;
  const key = JSON.stringify([refused.address, refused.errorCode, refused.user]);
  const group = interval.groups.get(key);
  if (group !== undefined) group.count += 1;
  else if (interval.groups.size < GROUPS_MAX) interval.groups.set(key, { ...refused, count: 1 });
}

const USER_CHARACTERS_MAX = 128;

/**
 * What a record without a tenant refuses: callers without a valid credential, and users who have no tenant or were
 * refused too often. The gateway's own calls have the same log and no tenant either; theirs are not counted.
 */
function refusedIn(record: AuditRecord): Refused | undefined {
  const { status, error_code: errorCode, user } = asObject(record['unmapped']);
  const { domain } = asObject(asObject(record['actor'])['user']);
  if (status !== 'refused' || domain === GATEWAY_ISSUER) return undefined;
  const { issuer, subject } = asObject(user);
  return {
    address: String(asObject(record['src_endpoint'])['ip'] ?? ''),
    errorCode: String(errorCode ?? ''),
    user: subject === undefined ? undefined : `${String(issuer)} ${String(subject)}`.slice(0, USER_CHARACTERS_MAX),
  };
}

function summaryOf({ startedAtMs, counted, groups }: Interval, nowMs: number): AuditRecord {
  const listed = [...groups.values()].sort((a, b) => b.count - a.count);
  const fields: JsonObject = {
    since: startedAtMs,
    refused: counted,
    groups: listed.map(({ address, errorCode, user, count: of }) => ({
      error_code: errorCode,
      source_ip: address,
      refused: of,
      ...(user !== undefined && { user }),
    })),
    others: counted - listed.reduce((sum, { count: of }) => sum + of, 0),
  };
  return logRecord('requests.refused', fields, nowMs);
}
