/** Opens a root, for all tenants or with a folder for each. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import type { CallContext } from '../call-context.ts';
import { ToolError } from '../errors.ts';
import type { Files, WritableFiles } from './files.ts';
import { openEntry, openRoot, type Entry, type Folder, type Lookup } from './folder.ts';
import { checkFileLimits, type FileLimits } from './limits.ts';
import { listFolder, searchFolder } from './list.ts';
import { faultOf, segmentsOf } from './path.ts';
import { openFile, readBytes, textOf, type FileText } from './read.ts';
import { openPath } from './walk.ts';
import { makeFolder, writeFile } from './write.ts';

/**
 * What `openFiles` needs.
 *
 * @example
 * ```ts
 * const settings: FilesSettings = { root: '/srv/documents', tenancy: { by: 'folder' } };
 * ```
 */
export interface FilesSettings extends FileLimits {
  /** An existing folder. Nothing outside of it is ever opened. */
  readonly root: string;
  /**
   * - `folder`: the root has a folder for each tenant, called as the tenant is. A call sees that one only.
   * - `one`: the files belong to one tenant; others are refused.
   * - `shared`: all tenants see the same files.
   */
  readonly tenancy:
    | { readonly by: 'folder' }
    | { readonly by: 'one'; readonly tenant: string }
    | { readonly by: 'shared' };
  /** Allows `write`. When absent, nothing is written. */
  readonly writes?: 'allowed';
  /**
   * A file with several names may have one outside of the root, where somebody put it in by a hard link. `refuse` when
   * absent.
   */
  readonly hardLinks?: 'allow' | 'refuse';
  /**
   * Elsewhere than on Linux, names cannot be looked up in descriptors, and a link that is put in place in the right
   * moment leads outside. `allowed` accepts that, for development.
   */
  readonly races?: 'allowed';
}

/**
 * Opens a root.
 *
 * Links are never followed, names are looked up one by one in the descriptor of the folder before, pipes and devices
 * are not opened, and every size is bounded. What is mounted inside the root belongs to it.
 *
 * @throws Error when there is no such folder, or when races cannot be prevented on this system; RangeError for a limit
 * out of range.
 * @example
 * ```ts
 * const documents = await openFiles({ root: '/srv/documents', tenancy: { by: 'shared' } });
 * ```
 */
export async function openFiles(settings: FilesSettings & { readonly writes: 'allowed' }): Promise<WritableFiles>;
/** Opens a root that is only read; see the one before. */
export async function openFiles(settings: FilesSettings): Promise<Files>;
/** Both of them. */
export async function openFiles(settings: FilesSettings): Promise<WritableFiles> {
  const limits = checkFileLimits(settings);
  const inDescriptors = process.platform === 'linux' && existsSync('/proc/self/fd') && settings.races !== 'allowed';
  if (!inDescriptors && settings.races !== 'allowed')
    throw new Error("links cannot be kept from leading out of the root here (Linux with /proc can): races: 'allowed'");
  const lookup: Lookup = { inDescriptors };
  const root = openRoot(await realpath(settings.root), lookup);
  return filesOf(root, settings, limits, lookup);
}

function filesOf(root: Folder, settings: FilesSettings, limits: Required<FileLimits>, lookup: Lookup): WritableFiles {
  const { hardLinks = 'refuse', writes } = settings;
  const within = <T>(context: CallContext, work: (folder: Folder) => Promise<T>): Promise<T> =>
    withTenantFolder(root, settings, context, lookup, work);
  const withFile = <T>(context: CallContext, path: string, work: (entry: Entry) => Promise<T>): Promise<T> => {
    const segments = segmentsOf(path);
    if (segments.length === 0) throw new ToolError('PERMISSION_DENIED', 'This is a folder.');
    return within(context, async (folder) => closing(await openPath(folder, segments, lookup), work));
  };
  return {
    read: async (context, path, offset = 0) =>
      withFile(context, path, (entry) => readText(entry, offset, limits.readBytesMax, hardLinks)),
    readBytes: async (context, path) =>
      withFile(context, path, async (entry) => {
        if (entry.stats.size > limits.readBytesMax) throw tooLarge(limits.readBytesMax);
        const handle = await openFile(entry, hardLinks);
        return readBytes(handle, 0, limits.readBytesMax).finally(() => handle.close());
      }),
    list: async (context, path = '', options = {}) =>
      within(context, (folder) => listFolder(folder, segmentsOf(path), options, limits, lookup, context.signal)),
    search: async (context, wanted) =>
      within(context, (folder) => searchFolder(folder, wanted, hardLinks, limits, lookup, context.signal)),
    locate: async (context, path, kind) => withFile(context, path, (entry) => locate(entry, kind, hardLinks)),
    async write(context, path, content, mode = 'create') {
      if (writes !== 'allowed') throw new TypeError("these files are read-only: open them with writes: 'allowed'");
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      if (bytes.length > limits.writeBytesMax) throw tooLarge(limits.writeBytesMax);
      const segments = segmentsOf(path);
      const name = segments.at(-1);
      if (name === undefined) throw new ToolError('PERMISSION_DENIED', 'This is a folder.');
      await within(context, (folder) =>
        inFolder(folder, segments.slice(0, -1), lookup, (parent) => writeFile(parent, name, bytes, mode)),
      );
    },
    close: async () => root[Symbol.asyncDispose](),
  };
}

async function closing<T>(entry: Entry, work: (entry: Entry) => Promise<T>): Promise<T> {
  try {
    return await work(entry);
  } finally {
    await entry[Symbol.asyncDispose]();
  }
}

async function withTenantFolder<T>(
  root: Folder,
  { tenancy }: FilesSettings,
  { tenant, signal }: CallContext,
  lookup: Lookup,
  work: (folder: Folder) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  if (tenancy.by === 'one' && tenancy.tenant !== tenant.id)
    throw new ToolError('PERMISSION_DENIED', 'These files belong to somebody else.');
  if (tenancy.by !== 'folder') return work(root);
  // The name comes from a token: it must be one name, and no other folder.
  if (faultOf(tenant.id) !== undefined) throw new ToolError('PERMISSION_DENIED', 'This tenant has no files.');
  return closing(await openEntry(root, tenant.id, lookup), ({ folder }) => work(folder));
}

/** Makes the folders that are missing on the way. */
async function inFolder<T>(
  folder: Folder,
  [name, ...rest]: readonly string[],
  lookup: Lookup,
  work: (folder: Folder) => Promise<T>,
): Promise<T> {
  if (name === undefined) return work(folder);
  await makeFolder(folder, name);
  return closing(await openEntry(folder, name, lookup), (entry) => {
    if (!entry.stats.isDirectory()) throw new ToolError('PERMISSION_DENIED', 'A file is in the way of a folder.');
    return inFolder(entry.folder, rest, lookup, work);
  });
}

async function readText(
  entry: Entry,
  offset: number,
  bytesMax: number,
  hardLinks: 'allow' | 'refuse',
): Promise<FileText> {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new ToolError('INVALID_ARGUMENT', 'An offset is a number of bytes.');
  const handle = await openFile(entry, hardLinks);
  try {
    const bytes = await readBytes(handle, offset, bytesMax);
    const { size } = await handle.stat();
    const end = offset + bytes.length;
    if (end >= size) return { text: textOf(bytes, false), bytes: size, isComplete: offset === 0 };
    const text = textOf(bytes, true);
    const next = offset + Buffer.byteLength(text);
    const note = `These are bytes ${offset} to ${next} of ${size}. Read on with offset ${next}.`;
    return { text, bytes: size, isComplete: false, note };
  } finally {
    await handle.close();
  }
}

/** The path of exactly what was opened: the kernel knows it by the descriptor. */
async function locate(entry: Entry, kind: 'file' | 'folder', hardLinks: 'allow' | 'refuse'): Promise<string> {
  if (kind === 'folder' && entry.stats.isDirectory()) return realpath(entry.folder.path);
  if (kind === 'folder') throw new ToolError('PERMISSION_DENIED', 'This is no folder.');
  const handle = await openFile(entry, hardLinks);
  await handle.close();
  return realpath(entry.folder.path);
}

const tooLarge = (bytesMax: number): ToolError =>
  new ToolError('TOO_LARGE', `A file has at most ${bytesMax} bytes here.`);
