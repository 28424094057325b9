/**
 * Writes the files of a checkpoint without waiting for the disk on the event loop. Each append goes to a known
 * position, so that the next attempt overwrites one that failed half-way.
 */
import { dirname, join } from 'node:path';
import { HASH_BYTES, openCheckpoint } from '@sallyport/guard/audit';
import type { LogFiles } from './files.ts';
import { checkpointListName, checkpointListsOf } from './layout.ts';
import { OPEN, readRange, replaceFile, syncFolder, withFile } from './log-file.ts';
import { encodeResume, type ResumePoint } from './resume.ts';
import { setAside } from './set-aside.ts';

/** What is written with a checkpoint. */
export interface CheckpointContent {
  /** Hashes of the records since the checkpoint before. */
  readonly leaves: Buffer;
  /** The signed note. */
  readonly note: string;
  /** False when the tree did not grow: a heartbeat, which adds no checkpoint to the list. */
  readonly grown: boolean;
  readonly resume: ResumePoint;
}

/** The files `leaves`, `checkpoint`, `resume` and the lists of checkpoints of a log. */
export interface CheckpointFiles {
  /** Rejects when a file cannot be written; the same content can then be written again. */
  write(content: CheckpointContent): Promise<void>;
}

/** A list of checkpoints that is larger is followed by another one, so that no list outgrows its readers. */
export const LIST_BYTES_MAX = 16 * 1024 * 1024;

/**
 * @param folder the folder of a tenant's log.
 * @param size number of records whose hashes are in the file `leaves`.
 * @param listBytesMax see {@link LIST_BYTES_MAX}; smaller in tests.
 */
export async function openCheckpointFiles(
  files: LogFiles,
  folder: string,
  vkey: string,
  size: number,
  listBytesMax = LIST_BYTES_MAX,
): Promise<CheckpointFiles> {
  let leavesEnd = size * HASH_BYTES;
  let list = await openList(files, folder, vkey);
  return {
    async write({ leaves, note, grown, resume }) {
      const line = Buffer.from(grown ? `${note}\n` : '');
      await writeAt(files, join(folder, 'leaves'), leaves, leavesEnd);
      // Durable before anybody gets it, so that a crash cannot make the signer sign a smaller tree later.
      await replaceFile(files, join(folder, 'checkpoint'), note, true);
      if (list.end >= listBytesMax && grown) list = { name: checkpointListName(resume.size), end: 0 };
      await writeAt(files, join(folder, list.name), line, list.end);
      await replaceFile(files, join(folder, 'resume'), encodeResume(resume), false);
      // Only after everything is written: after a failure the next attempt writes to the same position.
      leavesEnd += leaves.length;
      list.end += line.length;
    },
  };
}

/** Makes the file if needed. The bytes are durable when it resolves. */
async function writeAt(files: LogFiles, path: string, bytes: Buffer, position: number): Promise<void> {
  if (bytes.length === 0) return;
  const isNew = files.status(path) === undefined;
  await withFile(files, path, OPEN.keep, async (file) => {
    await file.write(bytes, position);
    await file.sync();
  });
  if (isNew) await syncFolder(files, dirname(path));
}

const TAIL_BYTES = 64 * 1024;

/** The newest list of checkpoints, and where its last whole one ends. What follows it is set aside. */
async function openList(files: LogFiles, folder: string, vkey: string): Promise<{ name: string; end: number }> {
  const name = checkpointListsOf(await files.list(folder)).at(-1) ?? checkpointListName(0);
  const path = join(folder, name);
  const bytes = files.status(path)?.bytes ?? 0;
  if (bytes === 0) return { name, end: 0 };
  const start = Math.max(0, bytes - TAIL_BYTES);
  const end = endOfLastNote(await readRange(files, path, start, bytes), vkey);
  // More than a torn end: the list stays as it is, for `audit verify` to name, and another one begins.
  if (end === undefined && start > 0) return { name, end: Infinity };
  await setAside(files, path, start + (end ?? 0));
  return { name, end: start + (end ?? 0) };
}

/** A note ends in a line that begins with a dash, and an empty line follows. */
const SIGNATURE_LINE = Buffer.from('\n— ');

function endOfLastNote(tail: Buffer, vkey: string): number | undefined {
  for (let signature = tail.lastIndexOf(SIGNATURE_LINE); signature > 0;) {
    const end = tail.indexOf('\n\n', signature + SIGNATURE_LINE.length);
    const before = tail.lastIndexOf(SIGNATURE_LINE, signature - 1);
    const start = before === -1 ? 0 : tail.indexOf('\n\n', before + SIGNATURE_LINE.length) + 2;
    if (end !== -1 && openCheckpoint(tail.toString('utf8', start, end + 1), vkey) !== undefined) return end + 2;
    signature = before;
  }
  return undefined;
}
