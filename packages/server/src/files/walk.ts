/** Goes to a folder by its names, and through what is below it. */
import { constants } from 'node:fs';
import { access, opendir } from 'node:fs/promises';
import { ToolError } from '../errors.ts';
import { faultOf } from './path.ts';
import { notFound, openEntry, type Entry, type Folder, type Lookup } from './folder.ts';

/**
 * Opens what a path names.
 *
 * @param root stays open; what is opened on the way does not.
 * @throws ToolError as {@link openEntry} does.
 */
export async function openPath(root: Folder, segments: readonly string[], lookup: Lookup): Promise<Entry> {
  let folder = root;
  let last: Entry | undefined;
  for (const [index, name] of segments.entries()) {
    try {
      const entry: Entry = await openEntry(folder, name, lookup);
      await last?.[Symbol.asyncDispose]();
      last = entry;
    } catch (thrown) {
      await last?.[Symbol.asyncDispose]();
      throw thrown;
    }
    if (index < segments.length - 1 && !last.stats.isDirectory()) {
      await last[Symbol.asyncDispose]();
      throw new ToolError('NOT_FOUND', 'There is no such file or folder.', { suggestion: 'Call list.' });
    }
    folder = last.folder;
  }
  if (last === undefined) throw new TypeError('the root itself has no name');
  return last;
}

/** What is found below a folder. */
export interface Found {
  /** Names with `/` between them, from the root. */
  readonly path: string;
  readonly name: string;
  readonly folder: Folder;
}

/** Entries that are looked at in one call, whether they are listed or not. */
const VISITED_MAX = 100_000;
/** What a write has begun and not ended. */
export const TEMPORARY = '.sallyport-';

/** Ends the walk: enough was seen. */
export const STOP = Symbol('stop');

/**
 * Calls back for each entry below a folder, names in order, folders before what is in them.
 *
 * @param onEntry says whether to go into an entry; {@link STOP} ends the walk.
 * @returns why not everything was seen; `undefined` when it was.
 */
export async function walk(
  folder: Folder,
  path: string,
  depth: number,
  budget: { visitedMax: number },
  lookup: Lookup,
  onEntry: (found: Found) => Promise<boolean | typeof STOP>,
): Promise<string | undefined> {
  const names: string[] = [];
  for await (const { name } of await opendir(folder.path).catch(notFound)) {
    if (--budget.visitedMax < 0) return `only the first ${VISITED_MAX} entries were looked at`;
    if (!name.startsWith(TEMPORARY) && faultOf(name) === undefined) names.push(name);
  }
  for (const name of names.sort()) {
    const found = { path: path === '' ? name : `${path}/${name}`, name, folder };
    const goesIn = await onEntry(found);
    if (goesIn === STOP) return 'there is more';
    if (!goesIn || depth <= 1) continue;
    const entry = await openListable(folder, name, lookup);
    if (entry === undefined) continue;
    const stopped = await walk(entry.folder, found.path, depth - 1, budget, lookup, onEntry).finally(() =>
      entry[Symbol.asyncDispose](),
    );
    if (stopped !== undefined) return stopped;
  }
  return undefined;
}

/** A folder that can be listed. It may be gone, or be something else by now. */
async function openListable(folder: Folder, name: string, lookup: Lookup): Promise<Entry | undefined> {
  const entry = await openEntry(folder, name, lookup).catch(() => undefined);
  if (entry === undefined) return undefined;
  const isListable = access(entry.folder.path, constants.R_OK | constants.X_OK).then(
    () => entry.stats.isDirectory(),
    () => false,
  );
  if (await isListable) return entry;
  await entry[Symbol.asyncDispose]();
  return undefined;
}

/** A new budget for one call. */
export const walkBudget = (): { visitedMax: number } => ({ visitedMax: VISITED_MAX });
