/** Writes a file so that others see the old one or the new one, never a part. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { ToolError } from '../errors.ts';
import { checkSpelling, notFound, type Folder } from './folder.ts';
import { TEMPORARY } from './walk.ts';

/** What a write may find: nothing, a file, or either. */
export type WriteMode = 'create' | 'replace' | 'create-or-replace';

const MODE = 0o600;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Puts bytes under a name. A link of that name is never followed: it is refused, or replaced itself when it appears
 * meanwhile.
 *
 * @throws ToolError `CONFLICT` when the file exists or does not, against the mode; `PERMISSION_DENIED` for what is no
 * file.
 */
export async function writeFile(folder: Folder, name: string, bytes: Uint8Array, mode: WriteMode): Promise<void> {
  const target = folder.pathOf(name);
  const existing = await lstat(target).catch(() => undefined);
  if (existing !== undefined) {
    await checkSpelling(folder, name, existing);
    if (!existing.isFile()) throw new ToolError('PERMISSION_DENIED', 'This is no ordinary file, and is not replaced.');
    if (mode === 'create') throw exists();
  } else if (mode === 'replace') throw new ToolError('NOT_FOUND', 'There is no such file.');
  const temporary = folder.pathOf(`${TEMPORARY}${randomUUID()}`);
  const handle = await open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, MODE).catch(notFound);
  try {
    await handle.writeFile(bytes);
    if (existing !== undefined) await handle.chmod(existing.mode & 0o777);
    await handle.sync();
    // A link, because renaming would replace a file that was made meanwhile.
    if (existing === undefined && mode === 'create') await link(temporary, target).catch(conflict);
    else await rename(temporary, target).catch(conflict);
  } finally {
    await handle.close();
    await rm(temporary, { force: true });
  }
}

/** Makes a folder unless there is one. */
export async function makeFolder(folder: Folder, name: string): Promise<void> {
  await mkdir(folder.pathOf(name), 0o700).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EEXIST') notFound(thrown);
  });
}

const exists = (cause?: unknown): ToolError =>
  new ToolError('CONFLICT', 'There is such a file already.', { suggestion: 'Choose another name.', cause });

function conflict(thrown: NodeJS.ErrnoException): never {
  if (thrown.code === 'EEXIST' || thrown.code === 'EISDIR' || thrown.code === 'ENOTEMPTY') throw exists(thrown);
  throw thrown;
}
