/** The audit log of a process: one log per tenant, opened when it is first needed, with checkpoints at an interval. */
import { mkdirSync, readdirSync } from 'node:fs';
import type { AuditLog, Clock } from '@sallyport/guard';
import { createSigner, type Tile } from '@sallyport/guard/audit';
import { openAuditKeys, type AuditKeys } from './keys.ts';
import { processFolder, processOf, tenantFolder, tenantOf } from './layout.ts';
import { AuditLogInUse, lockFolder } from './lock.ts';
import type { LogFiles } from './files.ts';
import { openTenantLog, type TenantLog } from './tenant-log.ts';

/** An audit log in segment files, with its keys and its checkpoints. */
export interface SegmentAuditLog extends AuditLog {
  readonly keys: AuditKeys;
  /** Signs a checkpoint of a tenant's log as it is now; `undefined` for a tenant without a log. */
  checkpoint(tenant: string): Promise<string | undefined>;
  /** The hashes of a tile; `undefined` when the last checkpoint does not cover it. */
  tile(tenant: string, tile: Tile): Promise<Buffer | undefined>;
  /** Rejects when a record could not be made durable now. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** Settings of an audit log. */
export interface AuditLogDeps {
  readonly folder: string;
  /** Name of another process than the gateway, such as `stdio-1`, which has a log of its own. */
  readonly name?: string;
  /** Name of the deployment: the first part of the origin of every checkpoint. */
  readonly origin: string;
  readonly clock: Clock;
  /** Size at which a segment ends; 64 MiB unless given. */
  readonly segmentBytes?: number;
  readonly checkpointEveryMs?: number;
  /** How often a log that did not grow is signed again. */
  readonly heartbeatMs?: number;
  readonly files?: LogFiles;
}

/**
 * Opens the log of a process, and recovers the logs of all tenants.
 *
 * @throws AuditLogInUse when another process has it open; AuditLogInconsistent when records under a checkpoint are
 *   missing or changed.
 */
export function openAuditLog(deps: AuditLogDeps): SegmentAuditLog {
  const folder = processFolder(deps.folder, deps.name);
  makeFolder(folder);
  const lock = lockFolder(folder);
  const logs = new Map<string, TenantLog>();
  try {
    const keys = openAuditKeys(deps.folder);
    const open = (tenant: string): TenantLog => {
      const log = logs.get(tenant) ?? openTenant(deps, folder, keys, tenant);
      logs.set(tenant, log);
      return log;
    };
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory() && processOf(entry.name) === undefined) open(tenantOf(entry.name));
    const timer = checkpointRegularly(logs, deps.checkpointEveryMs ?? 1_000, deps.heartbeatMs ?? 60_000);
    return {
      keys,
      append: (tenant, record) => {
        try {
          return open(tenant).append(record);
        } catch (cause) {
          return Promise.reject(cause as Error);
        }
      },
      checkpoint: async (tenant) => logs.get(tenant)?.checkpoint(),
      tile: async (tenant, tile) => logs.get(tenant)?.tile(tile),
      probe: async () => void (await open('_').checkpoint(true)),
      async close() {
        clearInterval(timer);
        await Promise.all([...logs.values()].map((log) => log.close()));
        lock.release();
      },
    };
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

function openTenant(deps: AuditLogDeps, folder: string, keys: AuditKeys, tenant: string): TenantLog {
  const { name, origin, clock, segmentBytes = SEGMENT_BYTES, files } = deps;
  const tenantName = tenant === '_' ? 'gateway' : encodeURIComponent(tenant);
  const logOrigin = [origin, tenantName, ...(name === undefined ? [] : [name])].join('/');
  return openTenantLog({
    folder: tenantFolder(folder, tenant),
    signer: createSigner(logOrigin, keys.signingSeed(tenant)),
    clock,
    segmentBytes,
    ...(files && { files }),
  });
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const LOGS_MAX = 1_000;

/**
 * Opens the first log that no process has open, of those named `kind-1`, `kind-2` and so on. So any number of processes
 * beside the gateway can record, and a later process continues the log of an earlier one.
 *
 * @throws as `openAuditLog`.
 */
export function openFreeLog(deps: Omit<AuditLogDeps, 'name'>, kind: string): SegmentAuditLog {
  for (let number = 1; ; number++) {
    try {
      return openAuditLog({ ...deps, name: `${kind}-${number}` });
    } catch (thrown) {
      if (!(thrown instanceof AuditLogInUse) || number === LOGS_MAX) throw thrown;
    }
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? 'error';
    throw new Error(
      `the audit folder ${folder} cannot be made (${code}): ` +
        'it must be a folder that belongs to the user that runs sallyport',
      { cause: thrown },
    );
  }
}

/**
 * Signs checkpoints of all logs. A log that did not grow is signed too, once per heartbeat: so a log without calls can
 * be told from one that was stopped.
 */
function checkpointRegularly(
  logs: ReadonlyMap<string, TenantLog>,
  everyMs: number,
  heartbeatMs: number,
): NodeJS.Timeout {
  const intervalsPerHeartbeat = Math.max(1, Math.round(heartbeatMs / everyMs));
  let intervals = 0;
  const timer = setInterval(() => {
    intervals += 1;
    const isHeartbeat = intervals % intervalsPerHeartbeat === 0;
    // A checkpoint that cannot be written is tried again at the next interval. The records are durable already.
    for (const log of logs.values()) log.checkpoint(isHeartbeat).catch(() => undefined);
  }, everyMs);
  return timer.unref();
}
