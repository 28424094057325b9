/**
 * Writes the files of a checkpoint without blocking the event loop. Each append goes to a known position, so that the
 * next attempt overwrites one that failed half-way.
 */
import { statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeResume, type ResumePoint } from './resume.ts';

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

/** The files `leaves`, `checkpoint`, `checkpoints` and `resume` of a log. */
export interface CheckpointFiles {
  /** Rejects when a file cannot be written; the same content can then be written again. */
  write(content: CheckpointContent): Promise<void>;
}

/** @param folder the folder of a tenant's log. */
export function openCheckpointFiles(folder: string): CheckpointFiles {
  const bytesOf = (name: string): number => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  const ends = { leaves: bytesOf('leaves'), checkpoints: bytesOf('checkpoints') };
  return {
    async write({ leaves, note, grown, resume }) {
      const line = Buffer.from(grown ? `${note}\n` : '');
      await writeAt(join(folder, 'leaves'), leaves, ends.leaves);
      // Durable before anybody gets it, so that a crash cannot make the signer sign a smaller tree later.
      await replace(join(folder, 'checkpoint'), note, true);
      await writeAt(join(folder, 'checkpoints'), line, ends.checkpoints);
      await replace(join(folder, 'resume'), encodeResume(resume), false);
      // Only after everything is written: after a failure the next attempt writes to the same position.
      ends.leaves += leaves.length;
      ends.checkpoints += line.length;
    },
  };
}

/** Creates the file if needed. The bytes are durable when it resolves. */
async function writeAt(path: string, bytes: Buffer, position: number): Promise<void> {
  if (bytes.length === 0) return;
  const file = await open(path, 'r+').catch(() => open(path, 'w+', 0o600));
  try {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
      written += bytesWritten;
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function replace(path: string, text: string, durable: boolean): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o644);
  try {
    await file.writeFile(text);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
