/**
 * The log of one tenant. Group commit: every append that arrives while a write and fdatasync are under way goes into the
 * next one together, so an idle log answers after one fdatasync and a busy one shares each among many.
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
import { createLeafQueue, type LeafQueue } from './leaf-queue.ts';
import { recover, type Recovered } from './recover.ts';
import type { Place } from './resume.ts';

export interface TenantLog {
  append(record: AuditRecord): Promise<void>;
  /** Signs what is durable, when it grew since the last checkpoint or `force` is given. */
  checkpoint(force?: boolean): Promise<string | undefined>;
  /** The hashes of a tile, or `undefined` when the last checkpoint does not cover all of them. */
  tile(tile: Tile): Promise<Buffer | undefined>;
  readonly size: number;
  close(): Promise<void>;
}

export interface TenantLogDeps {
  readonly folder: string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly segmentBytes: number;
  readonly files?: LogFiles;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly phase: unknown;
  readonly id: string;
  readonly done: () => void;
  readonly failed: (cause: unknown) => void;
}

const WAITING_MAX = 50_000;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;

/** Everything that changes while a log is open. */
interface Open {
  readonly deps: TenantLogDeps;
  readonly files: LogFiles;
  state: State;
  waiting: Waiting[];
  committing: Promise<void> | undefined;
  poisoned: { readonly cause: unknown; readonly until: number; readonly wait: number } | undefined;
  /** Where the intents lie that have no outcome yet, by record id, oldest first. */
  intents: Map<string, Place>;
  /** Hashes that are not in the file `leaves` yet. */
  leaves: LeafQueue;
  checkpoints: CheckpointFiles;
  checkpointing: Promise<string | undefined> | undefined;
  checkpointed: number;
  latest: string | undefined;
}

export function openTenantLog(deps: TenantLogDeps): TenantLog {
  const { folder, signer, clock } = deps;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'vkey'), `${signer.vkey}\n`);
  const recovered = recover(folder, signer.vkey);
  const state = openState(recovered, folder);
  const open: Open = {
    deps,
    files: deps.files ?? realFiles,
    state,
    intents: placesOf(recovered),
    waiting: [],
    committing: undefined,
    poisoned: undefined,
    leaves: createLeafQueue(),
    checkpoints: openCheckpointFiles(folder),
    checkpointing: undefined,
    checkpointed: recovered.checkpoint?.size ?? 0,
    latest: recovered.checkpoint?.note,
  };
  const readTile = createTileReader(leavesIn(folder));
  void tellRecovery(recovered, (record) => append(open, record), clock);
  return {
    append: (record) => append(open, record),
    checkpoint: (force) => checkpoint(open, force),
    tile: async (tile) => (isComplete(tile, open.checkpointed) ? readTile(tile) : undefined),
    get size() {
      return open.state.frontier.size;
    },
    async close() {
      while (open.committing !== undefined) await open.committing;
      // One that is under way covers less than there is now.
      await open.checkpointing?.catch(() => undefined);
      await checkpoint(open).catch(() => undefined);
      closeSync(open.state.fd);
    },
  };
}

function append(open: Open, record: AuditRecord): Promise<void> {
  if (open.waiting.length >= WAITING_MAX) return Promise.reject(new Error('too many records wait to become durable'));
  const bytes = Buffer.from(canonicalize(record));
  const { phase, record_id: id } = record['unmapped'] as { readonly phase?: string; readonly record_id?: string };
  return new Promise((done, failed) => {
    open.waiting.push({ bytes, phase, id: id ?? '', done, failed });
    open.committing ??= drain(open);
  });
}

async function drain(open: Open): Promise<void> {
  while (open.waiting.length > 0) {
    // One turn of the event loop: what other connections bring in the same turn shares this commit.
    await nextTurn();
    const batch = open.waiting;
    open.waiting = [];
    try {
      await commit(open, batch);
      for (const one of batch) one.done();
    } catch (cause) {
      open.poisoned ??= { cause, until: open.deps.clock.now() + RETRY_FIRST_MS, wait: RETRY_FIRST_MS * 2 };
      for (const one of batch) one.failed(cause);
    }
  }
  open.committing = undefined;
}

async function commit(open: Open, batch: readonly Waiting[]): Promise<void> {
  if (open.poisoned !== undefined) await heal(open, open.poisoned);
  if (open.state.position >= open.deps.segmentBytes) open.state = rotate(open.state, open.deps.folder);
  const { state, files } = open;
  const bytes = encodeFrames(
    state.frontier.size,
    batch.map((one) => one.bytes),
  );
  await files.write(state.fd, bytes, state.position);
  await files.sync(state.fd);
  for (const { bytes: record, phase, id } of batch) {
    if (phase === 'intent')
      open.intents.set(id, { segment: state.first, offset: state.position, index: state.frontier.size });
    else open.intents.delete(id);
    const leaf = leafHash(record);
    state.frontier.append(leaf);
    open.leaves.push(leaf);
    state.position += HEADER_BYTES + record.length;
  }
}

const placesOf = ({ open }: Recovered): Map<string, Place> => new Map([...open].map(([id, { place }]) => [id, place]));

/** After a failed write or fsync nobody knows what is on the disk, so it is read again before anything is added. */
async function heal(open: Open, { cause, until, wait }: NonNullable<Open['poisoned']>): Promise<void> {
  const { folder, signer, clock } = open.deps;
  if (clock.now() < until) throw cause;
  await open.checkpointing?.catch(() => undefined);
  try {
    closeSync(open.state.fd);
    const recovered = recover(folder, signer.vkey);
    open.state = openState(recovered, folder);
    open.intents = placesOf(recovered);
    open.leaves = createLeafQueue();
    open.checkpoints = openCheckpointFiles(folder);
    open.poisoned = undefined;
  } catch (again) {
    open.poisoned = { cause: again, until: clock.now() + wait, wait: Math.min(wait * 2, RETRY_MAX_MS) };
    throw again;
  }
}

function checkpoint(open: Open, force = false): Promise<string | undefined> {
  if (open.checkpointing !== undefined) return open.checkpointing;
  const { size } = open.state.frontier;
  if (open.poisoned !== undefined || size < open.checkpointed || (size === open.checkpointed && !force))
    return Promise.resolve(open.latest);
  return (open.checkpointing = seal(open).finally(() => {
    open.checkpointing = undefined;
  }));
}

/** Takes what is durable now, signs it, and writes it down while the log goes on. */
async function seal(open: Open): Promise<string> {
  const { frontier, first, position } = open.state;
  const { size } = frontier;
  const leaves = open.leaves.all();
  const note = open.deps.signer.sign({ size, root: frontier.root() });
  const [oldest] = open.intents.values();
  const resume = { size, peaks: frontier.peaks(), from: oldest ?? { segment: first, offset: position, index: size } };
  await open.checkpoints.write({ leaves, note, grown: size > open.checkpointed || open.latest === undefined, resume });
  open.leaves.drop(leaves.length);
  open.checkpointed = size;
  return (open.latest = note);
}

interface State {
  readonly frontier: Recovered['frontier'];
  readonly fd: number;
  /** First index of the segment that is written to. */
  readonly first: number;
  position: number;
}

function openState({ frontier, segment }: Recovered, folder: string): State {
  const first = segment?.first ?? 0;
  const file = join(folder, segmentName(first));
  const fd = openSync(file, existsSync(file) ? 'r+' : 'wx+', 0o600);
  syncFolder(folder);
  return { frontier, fd, first, position: segment?.bytes ?? 0 };
}

function rotate(state: State, folder: string): State {
  const fd = openSync(join(folder, segmentName(state.frontier.size)), 'wx+', 0o600);
  syncFolder(folder);
  closeSync(state.fd);
  return { ...state, fd, first: state.frontier.size, position: 0 };
}

/** What was cut off and what was left open is said in the log itself. */
async function tellRecovery(
  { truncatedBytes, open, frontier, checkpoint: last }: Recovered,
  append: TenantLog['append'],
  clock: Clock,
): Promise<void> {
  const orphans = [...open.values()];
  if (truncatedBytes === 0 && orphans.length === 0) return;
  const now = clock.now();
  const said = [
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
  // When this cannot be written nothing can, and the next call is refused for the same reason.
  await Promise.allSettled(said);
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  fsyncSync(fd);
  closeSync(fd);
}
