/** The audit log of a process: one log a tenant, opened when first needed, checkpointed by interval. */
import { mkdirSync, readdirSync } from 'node:fs';
import type { AuditLog, Clock } from '@sallyport/guard';
import { createSigner, type Tile } from '@sallyport/guard/audit';
import { openKeys, type AuditKeys } from './keys.ts';
import { processFolder, processOf, tenantFolder, tenantOf } from './layout.ts';
import { AuditLogInUse, lockFolder } from './lock.ts';
import type { LogFiles } from './files.ts';
import { openTenantLog, type TenantLog } from './tenant-log.ts';

export interface SegmentAuditLog extends AuditLog {
  readonly keys: AuditKeys;
  /** A signed checkpoint of what a tenant's log holds now, or `undefined` for a tenant without a log. */
  checkpoint(tenant: string): Promise<string | undefined>;
  /** The hashes of a tile that the last checkpoint covers; `undefined` for what there is not. */
  tile(tenant: string, tile: Tile): Promise<Buffer | undefined>;
  /** Rejects when a record could not be made durable now. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

export interface AuditLogDeps {
  readonly folder: string;
  /** Of a process beside the gateway, such as `stdio-1`: its log is its own. */
  readonly name?: string;
  /** Name of the deployment: the first part of the origin of every checkpoint. */
  readonly origin: string;
  readonly clock: Clock;
  readonly segmentBytes?: number;
  readonly checkpointEveryMs?: number;
  readonly heartbeatMs?: number;
  readonly files?: LogFiles;
}

/**
 * @throws AuditLogInUse when another process has it open; AuditLogInconsistent when records under a checkpoint are missing
 * or changed.
 */
export function openAuditLog(deps: AuditLogDeps): SegmentAuditLog {
  const {
    name,
    origin,
    clock,
    segmentBytes = 64 * 1024 * 1024,
    checkpointEveryMs = 1_000,
    heartbeatMs = 60_000,
    files,
  } = deps;
  const folder = processFolder(deps.folder, name);
  const lock = lockFolder(made(folder));
  const logs = new Map<string, TenantLog>();
  try {
    const keys = openKeys(deps.folder);
    const open = (tenant: string): TenantLog => {
      let log = logs.get(tenant);
      if (log === undefined) {
        const signer = createSigner(
          [origin, tenant === '_' ? 'gateway' : encodeURIComponent(tenant), ...(name === undefined ? [] : [name])].join(
            '/',
          ),
          keys.signingSeed(tenant),
        );
        log = openTenantLog({
          folder: tenantFolder(folder, tenant),
          signer,
          clock,
          segmentBytes,
          ...(files && { files }),
        });
        logs.set(tenant, log);
      }
      return log;
    };
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory() && processOf(entry.name) === undefined) open(tenantOf(entry.name));
    const timer = everyInterval(logs, checkpointEveryMs, heartbeatMs);
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

const LOGS_MAX = 1_000;

/**
 * The first log that nobody has open of those named `kind-1`, `kind-2` and so on: any number of processes beside the
 * gateway can record, and what one wrote is read on by the next.
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

function made(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch (thrown) {
    throw new Error(
      `the audit folder ${folder} cannot be made (${(thrown as NodeJS.ErrnoException).code ?? 'error'}): it must be a folder that belongs to the user that runs sallyport`,
      { cause: thrown },
    );
  }
}

/** Also when nothing grew, now and then: a log that stays silent can be told from one that was silenced. */
function everyInterval(logs: ReadonlyMap<string, TenantLog>, everyMs: number, heartbeatMs: number): NodeJS.Timeout {
  let beats = 0;
  const timer = setInterval(() => {
    const heartbeat = ++beats % Math.max(1, Math.round(heartbeatMs / everyMs)) === 0;
    for (const log of logs.values()) {
      // A checkpoint that cannot be written now is tried again at the next interval; the records are durable.
      log.checkpoint(heartbeat).catch(() => undefined);
    }
  }, everyMs);
  timer.unref();
  return timer;
}
