/**
 * What is written with each checkpoint, off the event loop: calls go on meanwhile. Appends go to a position that is known,
 * so that one that failed half way is written over by the next attempt.
 */
import { statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeResume, type Resume } from './resume.ts';

export interface Sealed {
  /** Hashes of the records since the checkpoint before. */
  readonly leaves: Buffer;
  /** The signed note. */
  readonly note: string;
  /** False when the tree did not grow: a sign of life, which is no new checkpoint. */
  readonly grown: boolean;
  readonly resume: Resume;
}

export interface CheckpointFiles {
  write(sealed: Sealed): Promise<void>;
}

export function openCheckpointFiles(folder: string): CheckpointFiles {
  const bytesOf = (name: string): number => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  const ends = { leaves: bytesOf('leaves'), checkpoints: bytesOf('checkpoints') };
  return {
    async write({ leaves, note, grown, resume }) {
      const line = Buffer.from(grown ? `${note}\n` : '');
      await writeAt(join(folder, 'leaves'), leaves, ends.leaves);
      // Durable before it is released, so that the signer can never be made to sign a smaller tree after a crash.
      await replace(join(folder, 'checkpoint'), note, true);
      await writeAt(join(folder, 'checkpoints'), line, ends.checkpoints);
      await replace(join(folder, 'resume'), encodeResume(resume), false);
      // Only now: whatever failed on the way, the next attempt writes the same and more at the same place.
      ends.leaves += leaves.length;
      ends.checkpoints += line.length;
    },
  };
}

/** Made if it is not there; durable when it resolves. */
async function writeAt(path: string, bytes: Buffer, position: number): Promise<void> {
  if (bytes.length === 0) return;
  const file = await open(path, 'r+').catch(() => open(path, 'w+', 0o600));
  try {
    for (let done = 0; done < bytes.length;)
      done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
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
