/**
 * Opens the files of a tenant's log: from what is on the disk, or, after a write or fdatasync failed, from what this
 * process remembers. After a failure nobody knows which of the last bytes are on the disk, so they are set aside, the
 * segment is never written to again, and a new one begins.
 */
import { dirname, join } from 'node:path';
import type { AuditRecord, JsonObject } from '@sallyport/guard';
import { logRecord, unknownOutcome, type Frontier } from '@sallyport/guard/audit';
import { openCheckpointFiles, type CheckpointFiles } from './checkpoint-files.ts';
import type { FileStatus, LogFiles } from './files.ts';
import { segmentName } from './layout.ts';
import {
  isSameFile,
  OPEN,
  openFile,
  readSmallFile,
  replaceFile,
  syncFolder,
  withFile,
  type LogFile,
} from './log-file.ts';
import { recover, type KnownTree, type Recovered } from './recover.ts';
import type { RecordPosition } from './resume.ts';
import { setAside, unrecordedIn, type SetAside } from './set-aside.ts';

/** The folder or the segment is not where it was. */
export class AuditLogGone extends Error {
  override readonly name = 'AuditLogGone';
}

/** The segment that records are written to. */
export interface OpenSegment {
  readonly file: LogFile;
  /** Which file it is, so that it is noticed when the path stands for another one. */
  readonly status: FileStatus;
  /** Index of its first record. */
  readonly first: number;
  /** Where the next frame is written, in bytes. */
  position: number;
}

/** The log as its files are. */
export interface OpenLog {
  readonly frontier: Frontier;
  readonly segment: OpenSegment;
  readonly checkpoints: CheckpointFiles;
  readonly checkpointed: { readonly size: number; readonly note: string | undefined };
  /** The positions of the intents that have no outcome yet, by record id, oldest first. */
  readonly openIntents: Map<string, RecordPosition>;
  /** What no record names yet. */
  readonly setAside: readonly SetAside[];
  /** Records that recovery has to add. */
  readonly owed: readonly AuditRecord[];
}

/**
 * @param known what this process acknowledged before; `undefined` when it opens the log for the first time.
 * @param cause why the log is opened, for the record of the recovery.
 */
export async function openFromDisk(
  files: LogFiles,
  folder: string,
  vkey: string,
  known: KnownTree | undefined,
  cause: string,
  nowMs: number,
): Promise<OpenLog> {
  // A folder that vanished is never made again: its log would begin anew, as if nothing had been recorded.
  if (known === undefined) await makeDurable(files, folder);
  else if (files.status(folder) === undefined) throw new AuditLogGone(`the folder ${folder} is gone`);
  await writeVkey(files, folder, vkey);
  const recovered = await recover(files, folder, vkey, known);
  const { frontier, checkpoint, openIntents } = recovered;
  const checkpoints = await openCheckpointFiles(files, folder, vkey, frontier.size);
  const copies = await unrecordedIn(files, folder);
  const segment = await openSegment(files, folder, recovered.segment.first, recovered.segment.bytes);
  return {
    frontier,
    segment,
    checkpoints,
    checkpointed: { size: checkpoint?.size ?? 0, note: checkpoint?.note },
    openIntents: new Map([...openIntents].map(([id, { position }]) => [id, position])),
    setAside: copies,
    owed:
      known === undefined && copies.length + openIntents.size === 0 ? [] : recordsOf(recovered, copies, cause, nowMs),
  };
}

/** The records that say what recovery did, and close the intents without an outcome. */
function recordsOf(recovered: Recovered, copies: readonly SetAside[], cause: string, nowMs: number): AuditRecord[] {
  const { frontier, checkpoint, openIntents } = recovered;
  return [
    recoveryRecord(cause, copies, openIntents.size, frontier.size, checkpoint?.size ?? 0, nowMs),
    ...[...openIntents.values()].map(({ record }) => unknownOutcome(record, nowMs)),
  ];
}

/** The record `audit.recovery`. @param cause `start`, or why the log was not writable. */
export function recoveryRecord(
  cause: string,
  copies: readonly SetAside[],
  orphanIntents: number,
  priorSize: number,
  checkpointSize: number,
  nowMs: number,
): AuditRecord {
  const fields = {
    cause,
    checkpoint_size: checkpointSize,
    orphan_intents: orphanIntents,
    prior_size: priorSize,
    set_aside_bytes: copies.reduce((bytes, copied) => bytes + copied.bytes, 0),
    set_aside_files: copies.map(({ name }) => name),
  };
  return logRecord(RECOVERY, fields, nowMs);
}

const RECOVERY = 'audit.recovery';

/** Whether a record is one of {@link recoveryRecord}. */
export const isRecoveryRecord = (record: AuditRecord): boolean =>
  (record['api'] as JsonObject | undefined)?.['operation'] === RECOVERY;

/**
 * Continues in a new segment after a failure. Can be repeated when it fails.
 *
 * @param last the segment that was written to. Its descriptor is closed already.
 * @throws AuditLogGone when the path of the segment stands for nothing or for another file.
 */
export async function continueInNewSegment(
  files: LogFiles,
  folder: string,
  last: OpenSegment,
  size: number,
): Promise<{ readonly segment: OpenSegment; readonly setAside: readonly SetAside[] }> {
  const path = join(folder, segmentName(last.first));
  if (!isSameFile(files.status(path), last.status)) throw new AuditLogGone(`${path} is not the file it was`);
  await setAside(files, path, last.position);
  // The truncation may have been done by an attempt that failed before it was durable.
  await withFile(files, path, OPEN.change, (file) => file.syncAll());
  const position = last.first === size ? last.position : 0;
  const segment = await openSegment(files, folder, size, position);
  return { segment, setAside: await unrecordedIn(files, folder) };
}

/** Opens a segment of which so many bytes are known, or makes it, and makes its name durable. */
export async function openSegment(
  files: LogFiles,
  folder: string,
  first: number,
  position: number,
): Promise<OpenSegment> {
  const path = join(folder, segmentName(first));
  const file = await openFile(files, path, OPEN.keep);
  try {
    await syncFolder(files, folder);
    const status = files.status(path);
    if (status?.bytes === position) return { file, status, first, position };
    throw new AuditLogGone(`${path} has ${status?.bytes ?? 'no'} bytes, and ${position} are known`);
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** Makes the folder if needed. L2: without its name everything that is synced in it would be lost. */
async function makeDurable(files: LogFiles, folder: string): Promise<void> {
  await files.makeFolder(folder);
  // The public key is written when the name of the folder is durable.
  if (files.status(join(folder, 'vkey')) === undefined) await syncFolder(files, dirname(folder));
}

const VKEY_BYTES_MAX = 4_096;

async function writeVkey(files: LogFiles, folder: string, vkey: string): Promise<void> {
  const path = join(folder, 'vkey');
  const text = `${vkey}\n`;
  const present = (await readSmallFile(files, path, VKEY_BYTES_MAX))?.toString();
  if (present !== text) await replaceFile(files, path, text, true);
}
