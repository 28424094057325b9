/**
 * The log of one tenant, with group commit: appends that arrive during a write and fdatasync are written together in
 * the next one. So an append to an idle log takes one fdatasync, and those to a busy log share each.
 *
 * A log that cannot be opened or written refuses records, and says why, until it can be. It tries again with the next
 * record or tick after a pause.
 */
import { join } from 'node:path';
import type { AuditRecord, Clock, Log } from '@sallyport/guard';
import {
  createTileReader,
  HASH_BYTES,
  isComplete,
  leafHash,
  unknownOutcome,
  type Signer,
  type Tile,
} from '@sallyport/guard/audit';
import { canonicalize } from '@sallyport/guard/json';
import { gather, type DiskWaits } from './commit-timing.ts';
import type { LogFiles } from './files.ts';
import { encodeFrames, HEADER_BYTES, RECORD_BYTES_MAX } from './frames.ts';
import { createLeafBuffer, type LeafBuffer } from './leaf-buffer.ts';
import { isSameFile, readRange } from './log-file.ts';
import {
  AuditLogGone,
  continueInNewSegment,
  openFromDisk,
  openSegment,
  isRecoveryRecord,
  recoveryRecord,
  type OpenLog,
  type OpenSegment,
} from './open-log.ts';
import { createRetryPause, type RetryPause } from './retry-pause.ts';
import { AuditLogInconsistent } from './recover.ts';
import { markRecorded, type SetAside } from './set-aside.ts';

/** The log was closed; nothing can be recorded in it any more. */
export class AuditLogClosed extends Error {
  constructor() {
    super('the audit log is closed');
  }
}

/** The log of one tenant. */
export interface TenantLog {
  /** Resolves when the record is durable. */
  append(record: AuditRecord): Promise<void>;
  /** Signs what is durable if the log grew since the last checkpoint, or if `force` is true. */
  checkpoint(force?: boolean): Promise<string | undefined>;
  /** The hashes of a tile, or `undefined` when the last checkpoint does not cover all of them. */
  tile(tile: Tile): Promise<Buffer | undefined>;
  /** Opens the log, or opens it again after a failure, if the pause is over. Never rejects. */
  revive(): Promise<void>;
  /** Why records are refused now, or why no checkpoint can be written; `undefined` when all is well. */
  fault(): unknown;
  close(): Promise<void>;
}

/** Settings of the log of one tenant. */
export interface TenantLogDeps {
  readonly tenant: string;
  readonly folder: string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly segmentBytes: number;
  readonly files: LogFiles;
  /** Milliseconds of a clock that is never set back or forth. */
  readonly monotonicMs: () => number;
  readonly diskWaits: DiskWaits;
  readonly log: Log;
  readonly signsFirstAtOnce: boolean;
  /** Called for each record that is about to be written. */
  recorded(record: AuditRecord, bytes: number): void;
}

/** An append that is not durable yet. */
interface PendingAppend {
  readonly bytes: Buffer;
  readonly record: AuditRecord;
  readonly phase: unknown;
  readonly recordId: string;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

const PENDING_MAX = 50_000;
/** Records that recovery adds in one commit, beside those that wait. */
const OWED_IN_COMMIT_MAX = 10_000;

/** Everything that changes while a log is open. */
interface LogState {
  readonly deps: TenantLogDeps;
  readonly pause: RetryPause;
  /** What this process knows of the log; `undefined` until it was opened for the first time. */
  open: Writable | undefined;
  /** Why nothing can be written now. */
  failure: unknown;
  checkpointFailure: unknown;
  pending: PendingAppend[];
  committing: Promise<void> | undefined;
  checkpointing: Promise<string | undefined> | undefined;
  isClosed: boolean;
}

/** A log that was opened. */
interface Writable extends Omit<OpenLog, 'owed' | 'setAside' | 'checkpointed' | 'segment'> {
  segment: OpenSegment;
  /** Hashes that are not in the file `leaves` yet. */
  readonly leaves: LeafBuffer;
  /** What no record names yet. */
  setAside: readonly SetAside[];
  /** Records that are written with the next commit, whoever asks for it. */
  owed: PendingAppend[];
  /** Number of records that the last checkpoint covers. */
  checkpointedSize: number;
  /** The signed note of the last checkpoint. */
  lastNote: string | undefined;
}

/** The log is opened by its first append, or by `revive`. */
export function createTenantLog(deps: TenantLogDeps): TenantLog {
  const log: LogState = {
    deps,
    pause: createRetryPause(deps.monotonicMs),
    open: undefined,
    failure: undefined,
    checkpointFailure: undefined,
    pending: [],
    committing: undefined,
    checkpointing: undefined,
    isClosed: false,
  };
  const readTile = createTileReader(leavesIn(deps));
  return {
    append: (record) => append(log, record),
    checkpoint: (force) => checkpoint(log, force),
    tile: async (tile) => (isComplete(tile, log.open?.checkpointedSize ?? 0) ? readTile(tile) : undefined),
    fault: () => log.failure ?? log.checkpointFailure,
    async revive() {
      const gone = log.open === undefined || log.failure !== undefined ? undefined : whyGone(log.deps, log.open);
      if (gone !== undefined) await stop(log, gone, []);
      if (isWritable(log) && log.open?.owed.length === 0) return;
      if (!log.isClosed && log.pause.isOver()) log.committing ??= commitAll(log);
      await log.committing;
    },
    async close() {
      log.isClosed = true;
      while (log.committing !== undefined) await log.committing;
      // A checkpoint that is being written covers less than the log holds now.
      await log.checkpointing?.catch(() => undefined);
      // A second time: what a failed attempt left half-written is then overwritten.
      await checkpoint(log)
        .catch(() => checkpoint(log))
        .catch(() => undefined);
      await log.open?.segment.file.close();
    },
  };
}

const isWritable = (log: LogState): boolean => log.open !== undefined && log.failure === undefined;

function append(log: LogState, record: AuditRecord): Promise<void> {
  if (log.isClosed) return Promise.reject(new AuditLogClosed());
  if (log.pending.length >= PENDING_MAX) return Promise.reject(new Error('too many records wait to become durable'));
  const bytes = Buffer.from(canonicalize(record));
  if (bytes.length > RECORD_BYTES_MAX) return Promise.reject(new Error('the record is too large'));
  log.deps.recorded(record, bytes.length);
  return new Promise((resolve, reject) => {
    log.pending.push({ ...identityOf(record), record, bytes, resolve, reject });
    log.committing ??= commitAll(log);
  });
}

function identityOf(record: AuditRecord): Pick<PendingAppend, 'phase' | 'recordId'> {
  const { phase, record_id: id } = record['unmapped'] as { readonly phase?: string; readonly record_id?: string };
  return { phase, recordId: id ?? '' };
}

/** A record that nobody waits for. */
const owedAppend = (record: AuditRecord): PendingAppend => ({
  ...identityOf(record),
  record,
  bytes: Buffer.from(canonicalize(record)),
  resolve: () => undefined,
  reject: () => undefined,
});

async function commitAll(log: LogState): Promise<void> {
  do {
    await gather(() => log.pending.length, log.deps.monotonicMs);
    const batch = log.pending;
    log.pending = [];
    try {
      const open = await openForWriting(log);
      const owed = open.owed.slice(0, OWED_IN_COMMIT_MAX);
      await commit(log, open, [...owed, ...batch]);
      open.owed.splice(0, owed.length);
      for (const { resolve } of batch) resolve();
      signFirst(log, open);
      await markSetAside(log.deps, open);
    } catch (cause) {
      await stop(log, cause, batch);
      for (const { reject } of batch) reject(cause);
    }
  } while (log.pending.length > 0);
  log.committing = undefined;
}

/**
 * Signs what no checkpoint has covered yet at once: nobody could tell the log of a process that was killed before its
 * first checkpoint from one whose checkpoints were deleted.
 */
function signFirst(log: LogState, { lastNote, frontier }: Writable): void {
  if (!log.deps.signsFirstAtOnce) return;
  // One that cannot be written is tried again at the next interval.
  if (lastNote === undefined && frontier.size > 0) checkpoint(log).catch(() => undefined);
}

async function markSetAside({ files, folder }: TenantLogDeps, open: Writable): Promise<void> {
  if (open.setAside.length === 0 || open.owed.length > 0) return;
  await markRecorded(files, folder, open.setAside);
  open.setAside = [];
}

async function commit(log: LogState, open: Writable, batch: readonly PendingAppend[]): Promise<void> {
  const { deps } = log;
  if (batch.length === 0) return;
  if (open.segment.position >= deps.segmentBytes) await startSegment(deps, open);
  const { segment, frontier } = open;
  const records = batch.map((append) => append.bytes);
  await segment.file.write(encodeFrames(frontier.size, records), segment.position);
  await deps.diskWaits.sync(segment.file, batch.length + log.pending.length === 1);
  // L6: a file that was deleted or moved takes records as before, and nobody would find them.
  const gone = whyGone(deps, open);
  if (gone !== undefined) throw gone;
  for (const { bytes: record, phase, recordId } of batch) {
    const position = { segment: segment.first, offset: segment.position, index: frontier.size };
    if (phase === 'intent') open.openIntents.set(recordId, position);
    else open.openIntents.delete(recordId);
    const leaf = leafHash(record);
    frontier.append(leaf);
    open.leaves.push(leaf);
    segment.position += HEADER_BYTES + record.length;
  }
}

/** Whether the path of the segment still stands for the file that is written to. */
const isInPlace = ({ files }: TenantLogDeps, { segment }: Writable): boolean =>
  isSameFile(files.status(segment.file.path), segment.status);

/** Why the segment cannot be found any more. */
function whyGone(deps: TenantLogDeps, open: Writable): unknown {
  try {
    return isInPlace(deps, open) ? undefined : new AuditLogGone(`${open.segment.file.path} is not the file it was`);
  } catch (cause) {
    return cause;
  }
}

async function startSegment({ files, folder }: TenantLogDeps, open: Writable): Promise<void> {
  const last = open.segment;
  open.segment = await openSegment(files, folder, open.frontier.size, 0);
  await last.file.close();
}

/** @returns the log when it can be written to. @throws what keeps it from that. */
async function openForWriting(log: LogState): Promise<Writable> {
  if (log.open !== undefined && log.failure === undefined) return log.open;
  if (!log.pause.isOver()) throw log.failure;
  await log.checkpointing?.catch(() => undefined);
  log.open = log.open === undefined ? await firstOpen(log.deps) : await openAgain(log.deps, log.open, log.failure);
  if (log.failure !== undefined) log.deps.log('info', 'the audit log records again', { tenant: log.deps.tenant });
  log.failure = undefined;
  log.pause.reset();
  return log.open;
}

async function firstOpen({ files, folder, signer, clock }: TenantLogDeps): Promise<Writable> {
  return writable(await openFromDisk(files, folder, signer.vkey, undefined, 'start', clock.now()));
}

const writable = ({ checkpointed, owed, ...open }: OpenLog): Writable => ({
  ...open,
  leaves: createLeafBuffer(),
  owed: owed.map(owedAppend),
  checkpointedSize: checkpointed.size,
  lastNote: checkpointed.note,
});

/** Continues from what this process remembers, or reads the disk when the files are others than before. */
async function openAgain(deps: TenantLogDeps, open: Writable, failure: unknown): Promise<Writable> {
  const { files, folder, signer, clock } = deps;
  const { frontier, segment, checkpointedSize, openIntents } = open;
  const cause = causeOf(failure);
  // One record tells of all attempts: the files that were set aside meanwhile are listed anew.
  const owed = open.owed.filter(({ record }) => !isRecoveryRecord(record));
  if (isInPlace(deps, open)) {
    const continued = await continueInNewSegment(files, folder, segment, frontier.size);
    const record = recoveryRecord(cause, continued.setAside, 0, frontier.size, checkpointedSize, clock.now());
    return { ...open, ...continued, owed: [owedAppend(record), ...owed] };
  }
  const known = { size: frontier.size, root: frontier.root() };
  const read = writable(await openFromDisk(files, folder, signer.vkey, known, cause, clock.now()));
  // Intents of calls that still run are not closed: their outcomes come.
  const closing = read.owed.filter(({ recordId }) => !openIntents.has(recordId));
  return { ...read, owed: [...closing, ...owed], openIntents };
}

/** Why a log stopped, in a word that gives no path away. */
function causeOf(failure: unknown): string {
  const { code, name } = failure as NodeJS.ErrnoException;
  return code ?? name;
}

/** After a failure the segment is closed; what is remembered is what was acknowledged. */
async function stop(log: LogState, cause: unknown, batch: readonly PendingAppend[]): Promise<void> {
  const { deps, open, pause } = log;
  if (open !== undefined) {
    await open.segment.file.close();
    // Each intent gets an outcome: that of these calls could not be recorded when they ended.
    for (const { phase, recordId, record } of batch)
      if (phase !== 'intent' && open.openIntents.delete(recordId))
        open.owed.push(owedAppend(unknownOutcome(record, deps.clock.now())));
  }
  // Opening a log for the first time costs little unless it is damaged, so each record tries it.
  const isDamaged = cause instanceof AuditLogInconsistent;
  if (log.failure !== cause && (open !== undefined || isDamaged)) pause.begin(isDamaged);
  if (log.failure === undefined)
    deps.log('error', 'the audit log stopped: calls of this tenant are refused', {
      tenant: deps.tenant,
      cause: String(cause),
    });
  log.failure = cause;
}

function checkpoint(log: LogState, force = false): Promise<string | undefined> {
  if (log.checkpointing !== undefined) return log.checkpointing;
  const { open } = log;
  if (open === undefined || log.failure !== undefined) return Promise.resolve(open?.lastNote);
  const { size } = open.frontier;
  if (size === open.checkpointedSize && !force) return Promise.resolve(open.lastNote);
  log.checkpointing = writeCheckpoint(log.deps, open)
    .then(
      (note) => {
        log.checkpointFailure = undefined;
        return note;
      },
      async (cause: unknown) => {
        log.checkpointFailure = cause;
        if (cause instanceof AuditLogGone) await stop(log, cause, []);
        throw cause;
      },
    )
    .finally(() => {
      log.checkpointing = undefined;
    });
  return log.checkpointing;
}

/** Signs what is durable now. Appends go on while the files are written. */
async function writeCheckpoint(deps: TenantLogDeps, open: Writable): Promise<string> {
  const { frontier, segment } = open;
  const { size } = frontier;
  const leaves = open.leaves.all();
  const note = deps.signer.sign({ size, root: frontier.root() });
  const [oldest] = open.openIntents.values();
  const end = { segment: segment.first, offset: segment.position, index: size };
  const resume = { size, peaks: frontier.peaks(), from: oldest ?? end };
  const grown = size > open.checkpointedSize || open.lastNote === undefined;
  const gone = whyGone(deps, open);
  if (gone !== undefined) throw gone;
  await open.checkpoints.write({ leaves, note, grown, resume });
  open.leaves.drop(leaves.length);
  open.checkpointedSize = size;
  open.lastNote = note;
  return note;
}

/** @returns a function that reads the leaf hashes of a range of records. It rejects when the file ends before them. */
function leavesIn({ files, folder }: TenantLogDeps): (from: number, to: number) => Promise<Buffer> {
  return async (from, to) => {
    const bytes = await readRange(files, join(folder, 'leaves'), from * HASH_BYTES, to * HASH_BYTES);
    if (bytes.length < (to - from) * HASH_BYTES) throw new Error(`leaf hashes are missing in ${folder}`);
    return bytes;
  };
}
