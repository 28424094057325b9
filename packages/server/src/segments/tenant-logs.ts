/** The logs of one tenant, for those who read them while they are written: never those of another tenant. */
import { join } from 'node:path';
import { GuardError } from '@sallyport/guard';
import { realFiles } from './files.ts';
import { createProveInclusion, type Inclusion, type NoInclusion } from './inclusion.ts';
import { processFolder, processOf, tenantFolder } from './layout.ts';
import type { RecordQuery } from '../record-search.ts';
import { searchLogs, type SearchedLog, type SearchResult } from './search.ts';

/** The gateway's own log, among those of the processes beside it. */
export const GATEWAY_LOG = 'gateway';

/** Reads the logs of tenants. */
export interface TenantLogs {
  /** Searches the logs of a tenant, or one of them. @throws GuardError `rate_limited` when too many searches wait. */
  search(tenant: string, query: RecordQuery, log?: string): Promise<SearchResult>;
  /** A record with its proof. */
  prove(tenant: string, log: string, index: number): Promise<Inclusion | NoInclusion>;
}

/** More logs than these are searched by name only. */
const LOGS_MAX = 32;
const SEARCHES_AT_ONCE = 2;
const SEARCHES_WAITING_MAX = 32;

/** @param folder the audit folder. */
export function createTenantLogs(folder: string): TenantLogs {
  const prove = createProveInclusion();
  const inTurn = createTurns();
  return {
    search: (tenant, query, log) =>
      inTurn(async () => {
        const logs = await logsOf(folder, tenant, log);
        return searchLogs(logs, query);
      }),
    prove: (tenant, log, index) =>
      inTurn(async () => {
        const [found] = await logsOf(folder, tenant, log);
        return found === undefined ? 'no_record' : prove(found.folder, index);
      }),
  };
}

/** The folders of a tenant's logs that exist. @param only the name of one of them. */
async function logsOf(root: string, tenant: string, only: string | undefined): Promise<readonly SearchedLog[]> {
  const beside = (await realFiles.list(root))
    .map(processOf)
    .filter((name) => name !== undefined)
    .sort();
  const logs = [undefined, ...beside].map((name) => ({
    name: name ?? GATEWAY_LOG,
    folder: tenantFolder(processFolder(root, name), tenant),
  }));
  const chosen = only === undefined ? logs : logs.filter(({ name }) => name === only);
  return chosen.filter(({ folder }) => realFiles.status(join(folder, 'vkey')) !== undefined).slice(0, LOGS_MAX);
}

/** Reading a log keeps a core busy, so a few searches run at once and some wait, and calls are served beside them. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= SEARCHES_AT_ONCE) {
      if (waiting.length >= SEARCHES_WAITING_MAX) throw new GuardError('rate_limited', { retryAfterSeconds: 1 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The one that waits takes over this turn.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
