/**
 * B7: the disk of the audit log belongs to all tenants. What a tenant and a user had recorded within a day is compared
 * with the space that is left, so that one who records much is refused while there is space for the others. Nobody who
 * recorded little is ever refused.
 */
import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import {
  asObject,
  shareHolder,
  shareHolderOf,
  shareRefusal,
  type AuditRecord,
  type Identity,
  type ShareHolder,
  type Stages,
} from '@sallyport/guard';

/** What tenants and users had recorded. */
export interface LogShares {
  /** Counts a record that is being written. */
  recorded(tenant: string, record: AuditRecord, bytes: number): void;
  /** @throws GuardError `rate_limited` when the caller, or its tenant, had more recorded than its share of the disk. */
  check(identity: Identity): void;
  close(): void;
}

/** Bytes that were recorded, by tenant and by user. */
interface Recorded {
  readonly tenants: Map<string, number>;
  readonly users: Map<string, number>;
}

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** Whoever had less recorded within a day is not refused: it is not who fills the disk. */
const FREE_OF_SHARES_BYTES = 16 * 1024 * 1024;
/** A tenant may have recorded so many times what is free; a user what is left of that to its tenant. */
const TENANT_FACTOR = 2;
/** Users whose bytes are counted; those of others count for their tenant only. */
const USERS_MAX = 100_000;
const READ_DISK_MS = 5_000;
/** The gateway itself. */
const NO_TENANT = '_';

/** How much of a disk is free, as it was read last. */
export interface FreeSpace {
  bytes(): number;
  /** So many bytes were written since it was read. */
  written(bytes: number): void;
  close(): void;
}

/**
 * Nothing is recorded at first: what was before a start is on the disk already.
 *
 * @param nowMs monotonic, in milliseconds.
 */
export function createLogShares(free: FreeSpace, nowMs: () => number = () => performance.now()): LogShares {
  const hours: Recorded[] = [emptyHour()];
  const day = emptyHour();
  let hour = Math.floor(nowMs() / HOUR_MS);
  const turnHours = (): void => {
    const now = Math.floor(nowMs() / HOUR_MS);
    const begun = Math.min(now - hour, HOURS);
    hour = now;
    for (let at = 0; at < begun; at++) hours.push(emptyHour());
    while (hours.length > HOURS) subtract(day, hours.shift() ?? emptyHour());
  };
  return {
    recorded(tenant, record, bytes) {
      turnHours();
      free.written(bytes);
      const current = hours.at(-1) ?? emptyHour();
      const user = userOf(tenant, record);
      for (const { tenants, users } of [current, day]) {
        add(tenants, tenant, bytes);
        if (user !== undefined && (users.has(user) || day.users.size < USERS_MAX)) add(users, user, bytes);
      }
    },
    check(identity) {
      const { tenant, user } = shareHolderOf(identity);
      if (tenant === NO_TENANT) return;
      turnHours();
      const freeToTenant = TENANT_FACTOR * free.bytes();
      const ofTenant = day.tenants.get(tenant) ?? 0;
      const ofUser = day.users.get(user) ?? 0;
      if (ofTenant > Math.max(FREE_OF_SHARES_BYTES, freeToTenant)) throw shareRefusal('tenant', WHAT);
      if (ofUser > Math.max(FREE_OF_SHARES_BYTES, freeToTenant - ofTenant)) throw shareRefusal('user', WHAT);
    },
    close: () => free.close(),
  };
}

const WHAT = 'bytes … were recorded for the space that is left';

const emptyHour = (): Recorded => ({ tenants: new Map(), users: new Map() });

function userOf(tenant: string, record: AuditRecord): ShareHolder['user'] | undefined {
  const { issuer, subject } = asObject(asObject(record['unmapped'])['user']);
  if (typeof issuer !== 'string' || typeof subject !== 'string') return undefined;
  return shareHolder({ issuer, subject }, tenant).user;
}

function add(sums: Map<string, number>, key: string, bytes: number): void {
  const sum = (sums.get(key) ?? 0) + bytes;
  if (sum > 0) sums.set(key, sum);
  else sums.delete(key);
}

function subtract(day: Recorded, ended: Recorded): void {
  for (const [tenant, bytes] of ended.tenants) add(day.tenants, tenant, -bytes);
  for (const [user, bytes] of ended.users) add(day.users, user, -bytes);
}

/** The stages of a pipeline, with the shares of the log judged beside the limits. */
export const withLogShares = (stages: Stages, shares: LogShares): Stages => ({
  ...stages,
  limit(identity, validated) {
    if (validated.row.limited) shares.check(identity);
    return stages.limit(identity, validated);
  },
});

/** The disk that a folder lies on. Where the system does not say how much is free, there is enough. */
export function watchFreeSpace(folder: string): FreeSpace {
  let bytes: number | undefined;
  const timer = setInterval(() => {
    statfs(folder).then(
      (read) => {
        bytes = freeBytes(read);
      },
      () => undefined,
    );
  }, READ_DISK_MS);
  timer.unref();
  return {
    bytes() {
      bytes ??= freeBytesNow(folder);
      return bytes;
    },
    written: (written) => {
      if (bytes !== undefined) bytes = Math.max(0, bytes - written);
    },
    close: () => clearInterval(timer),
  };
}

function freeBytesNow(folder: string): number {
  try {
    return freeBytes(statfsSync(folder));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

const freeBytes = ({ bavail, bsize }: { readonly bavail: number; readonly bsize: number }): number => bavail * bsize;
