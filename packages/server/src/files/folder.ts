/**
 * Folders and files by their descriptors. Each name is looked up in the descriptor of the folder before it, and no link
 * is followed, so nothing that changes meanwhile can lead out of the root. Node.js has no `openat`; on Linux a name
 * below `/proc/self/fd/N` is looked up in the same way.
 */
import { closeSync, constants, openSync, type Stats } from 'node:fs';
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ToolError } from '../errors.ts';

/** Names a file without opening it for anything: a device or a pipe notices nothing. Linux only. */
const O_PATH = 0o10000000;
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** An open folder. */
export interface Folder extends AsyncDisposable {
  /** Where a name in it is. */
  pathOf(name: string): string;
  /** Where the folder itself can be listed. */
  readonly path: string;
}

/** A file or folder that was found and whose kind is known, before anything is read. */
export interface Entry extends AsyncDisposable {
  readonly stats: Stats;
  /** Opens exactly this file for reading. */
  openForReading(): Promise<FileHandle>;
  /** This folder. */
  readonly folder: Folder;
}

/** How names are looked up. */
export interface Lookup {
  /** True on Linux with `/proc`: names are looked up in descriptors. */
  readonly inDescriptors: boolean;
}

/**
 * The folder of a root, for as long as the descriptor is open. A number: a handle would end the process when a server
 * that was not closed is collected.
 */
export function openRoot(path: string, lookup: Lookup): Folder {
  const descriptor = openSync(path, (lookup.inDescriptors ? O_PATH : O_RDONLY) | O_DIRECTORY | O_NOFOLLOW);
  return folderOf(descriptor, path, lookup, async () => closeSync(descriptor));
}

/**
 * Looks a name up.
 *
 * @throws ToolError `NOT_FOUND`; `PERMISSION_DENIED` for a link, and for a name in another spelling than on the disk.
 */
export async function openEntry(folder: Folder, name: string, lookup: Lookup): Promise<Entry> {
  const path = folder.pathOf(name);
  const before = await lstat(path).catch(notFound);
  if (before.isSymbolicLink()) throw linkRefused();
  await checkSpelling(folder, name, before);
  if (!lookup.inDescriptors) return entryByPath(path, before);
  const handle = await open(path, O_PATH | O_NOFOLLOW).catch(notFound);
  try {
    const stats = await handle.stat();
    // It may have become one since.
    if (stats.isSymbolicLink()) throw linkRefused();
    return {
      stats,
      openForReading: () => open(`/proc/self/fd/${handle.fd}`, O_RDONLY | O_NONBLOCK),
      folder: folderOf(handle.fd, path, lookup, () => handle.close()),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

/** For systems without `/proc`: what is opened is compared with what was looked at. Links between the two are a gap. */
function entryByPath(path: string, stats: Stats): Entry {
  return {
    stats,
    async openForReading() {
      const handle = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW).catch(notFound);
      const opened = await handle.stat();
      if (opened.ino === stats.ino && opened.dev === stats.dev) return handle;
      await handle.close();
      throw linkRefused();
    },
    folder: { pathOf: (name) => join(path, name), path, [Symbol.asyncDispose]: async () => undefined },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function folderOf(descriptor: number, path: string, { inDescriptors }: Lookup, close: () => Promise<void>): Folder {
  const own = inDescriptors ? `/proc/self/fd/${descriptor}` : path;
  return { pathOf: (name) => `${own}/${name}`, path: own, [Symbol.asyncDispose]: close };
}

/**
 * Where the file system does not tell upper case from lower case, a rule for one spelling must hold for all: only the
 * one on the disk is accepted. Such a file system answers for the other case, too.
 */
export async function checkSpelling(folder: Folder, name: string, stats: Stats): Promise<void> {
  const swapped = swapCase(name);
  if (swapped === name) return;
  const other = await lstat(folder.pathOf(swapped)).catch(() => undefined);
  if (other === undefined || other.ino !== stats.ino || other.dev !== stats.dev) return;
  const names = await readdir(folder.path);
  if (names.includes(name)) return;
  throw new ToolError('PERMISSION_DENIED', 'The name is spelled differently.', {
    suggestion: 'Spell it as list shows it.',
  });
}

function swapCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** @throws ToolError `NOT_FOUND` or `PERMISSION_DENIED` for what a caller can cause; all others as they are. */
export function notFound(thrown: unknown): never {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (MISSING.has(code))
    throw new ToolError('NOT_FOUND', 'There is no such file or folder.', { suggestion: 'Call list.', cause: thrown });
  if (code === 'ELOOP') throw linkRefused();
  if (code === 'EACCES' || code === 'EPERM')
    throw new ToolError('PERMISSION_DENIED', 'This file or folder is not readable.', { cause: thrown });
  throw thrown;
}

const linkRefused = (): ToolError =>
  new ToolError('PERMISSION_DENIED', 'The path has a symbolic link, and links are not followed.');
