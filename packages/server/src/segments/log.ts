/** The audit log of a process: one log per tenant, opened when it is first needed, with checkpoints at an interval. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AuditLog, AuditRecord, Clock, Log } from '@sallyport/guard';
import { createSigner, parseVkey, type Tile } from '@sallyport/guard/audit';
import { createDiskWaits, type DiskWaits } from './commit-timing.ts';
import { openAuditKeys, syncFolderSync, type AuditKeys } from './keys.ts';
import { originOf, processFolder, tenantFolder, tenantOf } from './layout.ts';
import { realFiles, type LogFiles } from './files.ts';
import { AuditLogInUse, lockFolder, type FolderLock } from './lock.ts';
import { isSameFile } from './log-file.ts';
import { AuditLogGone } from './open-log.ts';
import { createTenantLog, type TenantLog, type TenantLogDeps } from './tenant-log.ts';

export { AuditLogClosed } from './tenant-log.ts';

/** An audit log in segment files, with its keys and its checkpoints. */
export interface SegmentAuditLog extends AuditLog {
  readonly keys: AuditKeys;
  /** Signs a checkpoint of a tenant's log as it is now; `undefined` for a tenant without a log. */
  checkpoint(tenant: string): Promise<string | undefined>;
  /** The hashes of a tile; `undefined` when the last checkpoint does not cover it. */
  tile(tenant: string, tile: Tile): Promise<Buffer | undefined>;
  /** Resolves when the log of every tenant was opened or was found to be unusable. */
  opened(): Promise<void>;
  /** Rejects when a record of the gateway itself (`_`) could not be made durable now. */
  probe(): Promise<void>;
  /** Why the log of a tenant takes no records now, or cannot be signed; of all tenants whose log was opened. */
  faults(): ReadonlyMap<string, unknown>;
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
  /** Whether the first records of a log are signed at once, and not at the next interval. */
  readonly signsFirstAtOnce?: boolean;
  /** How often a log that did not grow is signed again. */
  readonly heartbeatMs?: number;
  readonly files?: LogFiles;
  /** Milliseconds of a clock that is never set back or forth. */
  readonly monotonicMs?: () => number;
  /** The operator's log: says when a tenant's log stops, and when it records again. */
  readonly log?: Log;
  /** Called for each record that is about to be written. */
  readonly recorded?: (tenant: string, record: AuditRecord, bytes: number) => void;
}

/**
 * Opens the log of a process. The logs of its tenants are opened while it returns: one that is damaged refuses the
 * records of its tenant and of nobody else (L3).
 *
 * @throws AuditLogInUse when another process has it open. Error when the master key is not the one that signed the log.
 */
export function openAuditLog(deps: AuditLogDeps): SegmentAuditLog {
  const folder = processFolder(deps.folder, deps.name);
  makeFolder(folder);
  const lock = lockFolder(folder);
  try {
    const keys = openAuditKeys(deps.folder);
    checkSigningKey(tenantDeps(deps, folder, keys, '_', deps.files ?? realFiles, createDiskWaits()));
    return openLocked(deps, folder, keys, lock);
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

/**
 * A30: another master key is a mistake of the operator that touches every tenant, so the start is refused before the
 * public key of the log is replaced. A public key that cannot be read is damage of one log, and is left to its opening.
 */
function checkSigningKey({ folder, signer }: TenantLogDeps): void {
  const file = join(folder, 'vkey');
  const stored = existsSync(file) ? readFileSync(file, 'utf8').trim() : signer.vkey;
  // L3: whatever follows the key of this log is damage too, and stops nobody else.
  if (stored.startsWith(signer.vkey) || !isVkey(stored)) return;
  throw new Error(
    `the audit log in ${folder} was not signed by this log's key: restore master.key and audit.origin, ` +
      'or move the audit folder away to begin a new log',
  );
}

function isVkey(text: string): boolean {
  try {
    parseVkey(text);
    return true;
  } catch {
    return false;
  }
}

function openLocked(deps: AuditLogDeps, folder: string, keys: AuditKeys, lock: FolderLock): SegmentAuditLog {
  const { files = realFiles } = deps;
  const logs = new Map<string, TenantLog>();
  const diskWaits = createDiskWaits();
  const status = files.status(folder);
  const logOf = (tenant: string): TenantLog => {
    const known = logs.get(tenant);
    if (known !== undefined) return known;
    // L6: in a folder that took the place of this one, the log of a tenant would begin anew.
    if (!isSameFile(files.status(folder), status)) throw new AuditLogGone(`the folder ${folder} is not the one it was`);
    const log = createTenantLog(tenantDeps(deps, folder, keys, tenant, files, diskWaits));
    logs.set(tenant, log);
    return log;
  };
  let isOpening = false;
  const openAll = async (): Promise<void> => {
    if (isOpening) return;
    isOpening = true;
    // A folder that cannot be listed now is listed again at the next interval.
    await openPresent(files, folder, logOf).catch(() => void (isOpening = false));
  };
  const opening = openAll();
  const timer = signRegularly(logs, openAll, deps.checkpointEveryMs ?? 1_000, deps.heartbeatMs ?? 60_000);
  return {
    keys,
    append: async (tenant, record) => logOf(tenant).append(record),
    checkpoint: async (tenant) => logs.get(tenant)?.checkpoint(),
    tile: async (tenant, tile) => logs.get(tenant)?.tile(tile),
    opened: () => opening,
    async probe() {
      const own = logOf('_');
      await own.revive();
      await own.checkpoint(true);
      const fault = own.fault();
      if (fault !== undefined) throw fault as Error;
    },
    faults: () => new Map([...logs].map(([tenant, log]) => [tenant, log.fault()])),
    async close() {
      clearInterval(timer);
      await opening;
      await Promise.all([...logs.values()].map((log) => log.close()));
      lock.release();
    },
  };
}

const OPENED_TOGETHER = 8;

/** Opens the logs that are there, so that calls that an earlier process left open get their outcome. */
async function openPresent(files: LogFiles, folder: string, logOf: (tenant: string) => TenantLog): Promise<void> {
  const waiting = (await files.list(folder)).filter((name) => isTenantFolder(files, folder, name)).map(tenantOf);
  const openNext = async (): Promise<void> => {
    for (let tenant = waiting.pop(); tenant !== undefined; tenant = waiting.pop()) await logOf(tenant).revive();
  };
  await Promise.all(Array.from({ length: OPENED_TOGETHER }, openNext));
}

const isTenantFolder = (files: LogFiles, folder: string, name: string): boolean =>
  tenantFolder(folder, tenantOf(name)) === join(folder, name) && files.status(`${folder}/${name}/.`) !== undefined;

function tenantDeps(
  deps: AuditLogDeps,
  folder: string,
  keys: AuditKeys,
  tenant: string,
  files: LogFiles,
  diskWaits: DiskWaits,
): TenantLogDeps {
  const { name, origin, clock, segmentBytes = SEGMENT_BYTES } = deps;
  return {
    tenant,
    folder: tenantFolder(folder, tenant),
    signer: createSigner(originOf(origin, tenant, name), keys.signingSeed(tenant)),
    clock,
    segmentBytes,
    files,
    monotonicMs: deps.monotonicMs ?? (() => performance.now()),
    diskWaits,
    log: deps.log ?? (() => undefined),
    signsFirstAtOnce: deps.signsFirstAtOnce ?? false,
    recorded: (record, bytes) => deps.recorded?.(tenant, record, bytes),
  };
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
    const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
    // L2: a folder whose name is lost in a power failure is lost with all that was synced in it.
    if (first === undefined) return;
    for (let made = folder; made.length >= first.length; made = dirname(made)) syncFolderSync(dirname(made));
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
 * Signs checkpoints of all logs, and opens those again that failed. A log that did not grow is signed too, once per
 * heartbeat: so a log without calls can be told from one that was stopped.
 */
function signRegularly(
  logs: ReadonlyMap<string, TenantLog>,
  openAll: () => Promise<void>,
  everyMs: number,
  heartbeatMs: number,
): NodeJS.Timeout {
  const intervalsPerHeartbeat = Math.max(1, Math.round(heartbeatMs / everyMs));
  let intervals = 0;
  const timer = setInterval(() => {
    intervals += 1;
    const isHeartbeat = intervals % intervalsPerHeartbeat === 0;
    void openAll();
    for (const log of logs.values()) {
      void log.revive();
      // A checkpoint that cannot be written is tried again at the next interval. The records are durable already.
      log.checkpoint(isHeartbeat).catch(() => undefined);
    }
  }, everyMs);
  return timer.unref();
}
