/**
 * The log of one tenant, with group commit: appends that arrive during a write and fdatasync are written together in
 * the next one. So an append to an idle log takes one fdatasync, and those to a busy log share each.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditRecord, Clock } from '@sallyport/guard';
import {
  createTileReader,
  isComplete,
  leafHash,
  logRecord,
  unknownOutcome,
  type Signer,
  type Tile,
} from '@sallyport/guard/audit';
import { canonicalize } from '@sallyport/guard/json';
import { openCheckpointFiles, type CheckpointFiles } from './checkpoint-files.ts';
import { leavesIn, realFiles, type LogFiles } from './files.ts';
import { encodeFrames, HEADER_BYTES } from './frames.ts';
import { segmentName } from './layout.ts';
import { createLeafBuffer, type LeafBuffer } from './leaf-buffer.ts';
import { recover, type Recovered } from './recover.ts';
import type { RecordPosition } from './resume.ts';

/** The open log of one tenant. */
export interface TenantLog {
  /** Resolves when the record is durable. */
  append(record: AuditRecord): Promise<void>;
  /** Signs what is durable if the log grew since the last checkpoint, or if `force` is true. */
  checkpoint(force?: boolean): Promise<string | undefined>;
  /** The hashes of a tile, or `undefined` when the last checkpoint does not cover all of them. */
  tile(tile: Tile): Promise<Buffer | undefined>;
  readonly size: number;
  close(): Promise<void>;
}

/** Settings of the log of one tenant. */
export interface TenantLogDeps {
  readonly folder: string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly segmentBytes: number;
  readonly files?: LogFiles;
}

/** An append that is not durable yet. */
interface PendingAppend {
  readonly bytes: Buffer;
  readonly phase: unknown;
  readonly recordId: string;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

const PENDING_MAX = 50_000;
const RETRY_FIRST_MS = 500;
const RETRY_MS_MAX = 30_000;

/** A write or fsync that failed, and when recovery is tried. */
interface WriteFailure {
  readonly cause: unknown;
  readonly retryAtMs: number;
  /** How long to wait when recovery fails too. */
  readonly nextDelayMs: number;
}

/** Everything that changes while a log is open. */
interface LogState {
  readonly deps: TenantLogDeps;
  readonly files: LogFiles;
  tree: TreeState;
  pending: PendingAppend[];
  committing: Promise<void> | undefined;
  failure: WriteFailure | undefined;
  /** The positions of the intents that have no outcome yet, by record id, oldest first. */
  openIntents: Map<string, RecordPosition>;
  /** Hashes that are not in the file `leaves` yet. */
  leaves: LeafBuffer;
  checkpoints: CheckpointFiles;
  checkpointing: Promise<string | undefined> | undefined;
  /** Number of records that the last checkpoint covers. */
  checkpointedSize: number;
  /** The signed note of the last checkpoint. */
  lastNote: string | undefined;
}

/** @throws AuditLogInconsistent when records under the last checkpoint are missing or changed. */
export function openTenantLog(deps: TenantLogDeps): TenantLog {
  const { folder, signer, clock } = deps;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'vkey'), `${signer.vkey}\n`);
  const recovered = recover(folder, signer.vkey);
  const log: LogState = {
    deps,
    files: deps.files ?? realFiles,
    tree: openTree(recovered, folder),
    openIntents: openIntentsOf(recovered),
    pending: [],
    committing: undefined,
    failure: undefined,
    leaves: createLeafBuffer(),
    checkpoints: openCheckpointFiles(folder),
    checkpointing: undefined,
    checkpointedSize: recovered.checkpoint?.size ?? 0,
    lastNote: recovered.checkpoint?.note,
  };
  const readTile = createTileReader(leavesIn(folder));
  void recordRecovery(recovered, (record) => append(log, record), clock);
  return {
    append: (record) => append(log, record),
    checkpoint: (force) => checkpoint(log, force),
    tile: async (tile) => (isComplete(tile, log.checkpointedSize) ? readTile(tile) : undefined),
    get size() {
      return log.tree.frontier.size;
    },
    async close() {
      while (log.committing !== undefined) await log.committing;
      // A checkpoint that is being written covers less than the log holds now.
      await log.checkpointing?.catch(() => undefined);
      await checkpoint(log).catch(() => undefined);
      closeSync(log.tree.fd);
    },
  };
}

function append(log: LogState, record: AuditRecord): Promise<void> {
  if (log.pending.length >= PENDING_MAX) return Promise.reject(new Error('too many records wait to become durable'));
  const bytes = Buffer.from(canonicalize(record));
  const { phase, record_id: id } = record['unmapped'] as { readonly phase?: string; readonly record_id?: string };
  return new Promise((resolve, reject) => {
    log.pending.push({ bytes, phase, recordId: id ?? '', resolve, reject });
    log.committing ??= commitAll(log);
  });
}

async function commitAll(log: LogState): Promise<void> {
  while (log.pending.length > 0) {
    // Wait for one turn of the event loop: calls that arrive in the same turn share this commit.
    await nextTurn();
    const batch = log.pending;
    log.pending = [];
    try {
      await commit(log, batch);
      for (const { resolve } of batch) resolve();
    } catch (cause) {
      const retryAtMs = log.deps.clock.now() + RETRY_FIRST_MS;
      log.failure ??= { cause, retryAtMs, nextDelayMs: RETRY_FIRST_MS * 2 };
      for (const { reject } of batch) reject(cause);
    }
  }
  log.committing = undefined;
}

async function commit(log: LogState, batch: readonly PendingAppend[]): Promise<void> {
  if (log.failure !== undefined) await recoverFrom(log, log.failure);
  if (log.tree.position >= log.deps.segmentBytes) log.tree = startSegment(log.tree, log.deps.folder);
  const { tree, files } = log;
  const bytes = encodeFrames(
    tree.frontier.size,
    batch.map((append) => append.bytes),
  );
  await files.write(tree.fd, bytes, tree.position);
  await files.sync(tree.fd);
  for (const { bytes: record, phase, recordId } of batch) {
    const position = { segment: tree.segment, offset: tree.position, index: tree.frontier.size };
    if (phase === 'intent') log.openIntents.set(recordId, position);
    else log.openIntents.delete(recordId);
    const leaf = leafHash(record);
    tree.frontier.append(leaf);
    log.leaves.push(leaf);
    tree.position += HEADER_BYTES + record.length;
  }
}

const openIntentsOf = ({ openIntents }: Recovered): Map<string, RecordPosition> =>
  new Map([...openIntents].map(([id, { position }]) => [id, position]));

/** After a failed write or fsync it is not known what is on the disk, so it is read again before anything is added. */
async function recoverFrom(log: LogState, { cause, retryAtMs, nextDelayMs }: WriteFailure): Promise<void> {
  const { folder, signer, clock } = log.deps;
  if (clock.now() < retryAtMs) throw cause;
  await log.checkpointing?.catch(() => undefined);
  try {
    closeSync(log.tree.fd);
    const recovered = recover(folder, signer.vkey);
    log.tree = openTree(recovered, folder);
    log.openIntents = openIntentsOf(recovered);
    log.leaves = createLeafBuffer();
    log.checkpoints = openCheckpointFiles(folder);
    log.failure = undefined;
  } catch (thrown) {
    const retryAtMs = clock.now() + nextDelayMs;
    log.failure = { cause: thrown, retryAtMs, nextDelayMs: Math.min(nextDelayMs * 2, RETRY_MS_MAX) };
    throw thrown;
  }
}

function checkpoint(log: LogState, force = false): Promise<string | undefined> {
  if (log.checkpointing !== undefined) return log.checkpointing;
  const { size } = log.tree.frontier;
  if (log.failure !== undefined || size < log.checkpointedSize || (size === log.checkpointedSize && !force))
    return Promise.resolve(log.lastNote);
  log.checkpointing = writeCheckpoint(log).finally(() => {
    log.checkpointing = undefined;
  });
  return log.checkpointing;
}

/** Signs what is durable now. Appends go on while the files are written. */
async function writeCheckpoint(log: LogState): Promise<string> {
  const { frontier, segment, position } = log.tree;
  const { size } = frontier;
  const leaves = log.leaves.all();
  const note = log.deps.signer.sign({ size, root: frontier.root() });
  const [oldest] = log.openIntents.values();
  const resume = { size, peaks: frontier.peaks(), from: oldest ?? { segment, offset: position, index: size } };
  const grown = size > log.checkpointedSize || log.lastNote === undefined;
  await log.checkpoints.write({ leaves, note, grown, resume });
  log.leaves.drop(leaves.length);
  log.checkpointedSize = size;
  log.lastNote = note;
  return note;
}

/** The tree of a log, and the end of the segment that is written to. */
interface TreeState {
  readonly frontier: Recovered['frontier'];
  readonly fd: number;
  /** First index of the segment. */
  readonly segment: number;
  /** Where the next frame is written, in bytes. */
  position: number;
}

function openTree({ frontier, segment }: Recovered, folder: string): TreeState {
  const first = segment?.first ?? 0;
  const file = join(folder, segmentName(first));
  const fd = openSync(file, existsSync(file) ? 'r+' : 'wx+', 0o600);
  syncFolder(folder);
  return { frontier, fd, segment: first, position: segment?.bytes ?? 0 };
}

function startSegment(tree: TreeState, folder: string): TreeState {
  const fd = openSync(join(folder, segmentName(tree.frontier.size)), 'wx+', 0o600);
  syncFolder(folder);
  closeSync(tree.fd);
  return { ...tree, fd, segment: tree.frontier.size, position: 0 };
}

/** Records in the log itself what recovery cut off, and which intents have no outcome. */
async function recordRecovery(
  { truncatedBytes, openIntents, frontier, checkpoint: last }: Recovered,
  append: TenantLog['append'],
  clock: Clock,
): Promise<void> {
  const orphans = [...openIntents.values()];
  if (truncatedBytes === 0 && orphans.length === 0) return;
  const now = clock.now();
  const appends = [
    append(
      logRecord(
        'audit.recovery',
        {
          truncated_bytes: truncatedBytes,
          orphan_intents: orphans.length,
          prior_size: frontier.size,
          checkpoint_size: last?.size ?? 0,
        },
        now,
      ),
    ),
    ...orphans.map(({ record }) => append(unknownOutcome(record, now))),
  ];
  // If this cannot be written nothing can, and the next call is refused for the same reason.
  await Promise.allSettled(appends);
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  fsyncSync(fd);
  closeSync(fd);
}
