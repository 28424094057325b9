/** Lists and searches a folder and what is below it, within limits. */
import { lstat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { ToolError } from '../errors.ts';
import type { FileEntry, FileList } from './files.ts';
import { openEntry, type Folder, type Lookup } from './folder.ts';
import { compileGlob } from './glob.ts';
import type { FileLimits } from './limits.ts';
import { segmentsOf } from './path.ts';
import { openFile, readBytes } from './read.ts';
import { matchesIn, type Match } from './search.ts';
import { openPath, STOP, walk, walkBudget, type Found } from './walk.ts';

/** @throws ToolError `INVALID_ARGUMENT` for a depth that is no number or too deep. */
export async function listFolder(
  root: Folder,
  segments: readonly string[],
  { depth = 1, glob }: { readonly depth?: number; readonly glob?: string },
  { depthMax, entriesMax }: Required<FileLimits>,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<FileList<FileEntry>> {
  if (!Number.isInteger(depth) || depth < 1 || depth > depthMax)
    throw new ToolError('INVALID_ARGUMENT', `A list goes 1 to ${depthMax} folders deep.`);
  const matches = glob === undefined ? () => true : compileGlob(glob);
  const items: FileEntry[] = [];
  const from = prefixOf(segments);
  const missing = await inFolder(root, segments, lookup, (folder) =>
    walk(folder, segments.join('/'), depth, walkBudget(), lookup, async ({ path, name, folder: parent }) => {
      signal.throwIfAborted();
      const stats = await lstat(parent.pathOf(name)).catch(() => undefined);
      if (stats === undefined) return false;
      if (matches(path.slice(from))) {
        if (items.length === entriesMax) return STOP;
        items.push({ path, kind: kindOf(stats), bytes: stats.size, modified: stats.mtime.toISOString() });
      }
      return stats.isDirectory();
    }),
  );
  return listOf(items, missing, 'List a folder below, or with a narrower glob.');
}

/** @throws ToolError `INVALID_ARGUMENT` for an empty text. */
export async function searchFolder(
  root: Folder,
  { text, path = '', glob }: { readonly text: string; readonly path?: string; readonly glob?: string },
  hardLinks: 'allow' | 'refuse',
  limits: Required<FileLimits>,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<FileList<Match>> {
  if (text === '') throw new ToolError('INVALID_ARGUMENT', 'There is no text to look for.');
  const matches = glob === undefined ? () => true : compileGlob(glob);
  const segments = segmentsOf(path);
  const from = prefixOf(segments);
  const items: Match[] = [];
  let bytesLeft = limits.searchBytesMax;
  const missing = await inFolder(root, segments, lookup, (folder) =>
    walk(folder, segments.join('/'), limits.depthMax, walkBudget(), lookup, async (found) => {
      signal.throwIfAborted();
      if (items.length === limits.matchesMax || bytesLeft <= 0) return STOP;
      const content = await contentOf(found, matches(found.path.slice(from)), hardLinks, bytesLeft, lookup);
      if (content === 'folder') return true;
      bytesLeft -= content.length;
      // A file that is no text has a zero byte, almost always.
      if (!content.includes(0))
        items.push(...matchesIn(content.toString(), text, found, limits.matchesMax - items.length));
      return false;
    }),
  );
  return listOf(items, missing, 'Search a folder below, with a narrower glob or a longer text.');
}

const NOTHING = Buffer.alloc(0);

/** What cannot be read is left out, and a folder is said to be one. */
async function contentOf(
  { folder, name }: Found,
  isWanted: boolean,
  hardLinks: 'allow' | 'refuse',
  bytesMax: number,
  lookup: Lookup,
): Promise<Buffer | 'folder'> {
  const entry = await openEntry(folder, name, lookup).catch(() => undefined);
  if (entry === undefined) return NOTHING;
  try {
    if (entry.stats.isDirectory()) return 'folder';
    if (!isWanted) return NOTHING;
    const handle = await openFile(entry, hardLinks).catch(() => undefined);
    return handle === undefined ? NOTHING : await readBytes(handle, 0, bytesMax).finally(() => handle.close());
  } finally {
    await entry[Symbol.asyncDispose]();
  }
}

async function inFolder<T>(
  root: Folder,
  segments: readonly string[],
  lookup: Lookup,
  work: (folder: Folder) => Promise<T>,
): Promise<T> {
  if (segments.length === 0) return work(root);
  const entry = await openPath(root, segments, lookup);
  try {
    if (!entry.stats.isDirectory())
      throw new ToolError('PERMISSION_DENIED', 'This is no folder.', { suggestion: 'Call read for a file.' });
    return await work(entry.folder);
  } finally {
    await entry[Symbol.asyncDispose]();
  }
}

const prefixOf = (segments: readonly string[]): number => (segments.length === 0 ? 0 : segments.join('/').length + 1);

function kindOf(stats: Stats): FileEntry['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

const listOf = <T>(items: readonly T[], missing: string | undefined, suggestion: string): FileList<T> =>
  missing === undefined
    ? { items, isComplete: true }
    : { items, isComplete: false, note: `Only ${items.length} are here: ${missing}. ${suggestion}` };
