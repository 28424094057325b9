/**
 * What a disk may hold after a power failure. Changes to files and folders are kept by the operating system until a
 * sync, so of those that no sync had covered any subset can be lost: single pages of a file, its size, names in
 * folders. A sync covers what was done before it began, from the moment that it returned.
 *
 * Pages of a file are independent of each other and of its size: each is as it was at some moment since the last sync.
 * Names are kept or lost one change at a time, in any combination; a rename happens whole or not at all.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileChange, FileEvent } from './file-events.ts';
import type { Below } from './random.ts';

/** Of a sector: no disk promises more than that one of these is written whole. */
const PAGE_BYTES = 512;
/** Locks of SQLite, which writes without Node's functions; they hold nothing that outlives the process. */
const UNTRACED = /(^|\/)lock\.db/;

/** A change of the content of a file. */
type ContentChange =
  | { readonly position: number; readonly bytes: Buffer }
  /** The new size. */
  | { readonly size: number };

/** A file, whatever its names are. */
interface Content {
  /** What was on the disk when the program began. */
  readonly base: Buffer;
  readonly changes: ContentChange[];
  /** So many of the changes are on the disk for certain. */
  durable: number;
}

type Entry = Content | 'folder';

/** A change of names. */
interface NameChange {
  readonly operation: number;
  readonly names: readonly (readonly [path: string, entry: Entry | undefined])[];
  isDone: boolean;
  isDurable: boolean;
}

/** A disk with what is certain and what is not. */
export interface Disk {
  /** Names and entries as the program sees them. */
  readonly seen: Map<string, Entry>;
  readonly base: ReadonlyMap<string, Entry>;
  readonly nameChanges: NameChange[];
  /** What the program said. */
  readonly said: string[];
  /** The paths of what had begun and not ended. */
  unfinished(): ReadonlySet<string | undefined>;
  take(event: FileEvent): void;
}

interface Running {
  readonly event: FileChange;
  end(isDone: boolean, result: number | undefined): void;
}

/** Whether a sync has no effect, as if the program had left it out. */
export type IsIgnored = (path: string) => boolean;

/**
 * @param before what is in it is on the disk, under paths in `folder`.
 * @param isIgnored no sync, unless a test asks what happens without some.
 */
export function openDisk(before: string, folder: string, isIgnored: IsIgnored = () => false): Disk {
  const base = new Map([...entriesIn(before)].map(([path, entry]) => [folder + path.slice(before.length), entry]));
  const files = new Map<number, Content>();
  const running = new Map<number, Running>();
  const unfinished = (): ReadonlySet<string | undefined> =>
    new Set([...running.values()].flatMap(({ event: { path, to } }) => [path, to]));
  const disk: Disk = { seen: new Map(base), base, nameChanges: [], said: [], unfinished, take };
  function take(event: FileEvent): void {
    if (event.event === 'said') disk.said.push(event.text);
    else if (event.event === 'opened') {
      if (UNTRACED.test(event.path)) return void files.delete(event.fd);
      const content = contentAt(disk, event.path, event.isNew);
      if (content === undefined) return void files.delete(event.fd);
      files.set(event.fd, content);
      if (event.isEmptied && !event.isNew) content.changes.push({ size: 0 });
    } else if (event.event === 'begin') {
      const file = event.fd === undefined ? undefined : files.get(event.fd);
      running.set(event.operation, { event, end: beginChange(disk, event, event.operation, file, isIgnored) });
    } else {
      running.get(event.operation)?.end(event.done, event.result);
      running.delete(event.operation);
    }
  }
  return disk;
}

/** The file at a path; `undefined` for a folder. A new one gets its name now. */
function contentAt(disk: Disk, path: string, isNew: boolean): Content | undefined {
  const present = disk.seen.get(path);
  if (present === 'folder') return undefined;
  if (present !== undefined) return present;
  if (!isNew) throw new Error(`${path} appeared unseen: a function of node:fs is not traced`);
  const content: Content = { base: Buffer.alloc(0), changes: [], durable: 0 };
  disk.seen.set(path, content);
  disk.nameChanges.push({ operation: 0, names: [[path, content]], isDone: true, isDurable: false });
  return content;
}

/** @returns what happens when the operation ends. */
function beginChange(
  disk: Disk,
  event: FileChange,
  operation: number,
  file: Content | undefined,
  isIgnored: IsIgnored,
): (isDone: boolean, result: number | undefined) => void {
  if (event.change === 'open') return () => undefined;
  if (event.change === 'sync') return isIgnored(event.path) ? () => undefined : beginSync(disk, event.path, file);
  if (event.change === 'write' || event.change === 'truncate') return beginContentChange(event, file);
  const change: NameChange = { operation, names: namesOf(disk, event), isDone: false, isDurable: false };
  disk.nameChanges.push(change);
  return (isDone) => {
    change.isDone = isDone;
    if (!isDone) disk.nameChanges.splice(disk.nameChanges.indexOf(change), 1);
    else setNames(disk.seen, change);
  };
}

/** From its beginning on it may be on the disk. */
function beginContentChange(event: FileChange, file: Content | undefined) {
  const bytes = Buffer.from(event.data ?? '', 'base64');
  const { position = 0, bytes: size = 0 } = event;
  const change = event.change === 'truncate' ? { size } : { position, bytes };
  file?.changes.push(change);
  return (isDone: boolean, result: number | undefined): void => {
    const at = file?.changes.indexOf(change) ?? -1;
    if (!isDone) file?.changes.splice(at, 1);
    else if (file !== undefined && 'bytes' in change && result !== undefined && result < bytes.length)
      file.changes[at] = { position, bytes: bytes.subarray(0, result) };
  };
}

function namesOf({ seen }: Disk, { change, path, to = '' }: FileChange): NameChange['names'] {
  if (change === 'mkdir') return seen.has(path) ? [] : [[path, 'folder']];
  if (change === 'unlink') return [[path, undefined]];
  const entry = seen.get(path);
  if (entry === 'folder') throw new Error('this disk cannot rename folders');
  return change === 'link'
    ? [[to, entry]]
    : [
        [to, entry],
        [path, undefined],
      ];
}

function setNames(names: Map<string, Entry>, change: NameChange): void {
  for (const [path, entry] of change.names)
    if (entry === undefined) names.delete(path);
    else names.set(path, entry);
}

/** Covers what was done before it began. */
function beginSync(disk: Disk, path: string, file: Content | undefined): (isDone: boolean) => void {
  if (file !== undefined) {
    const count = file.changes.length;
    return (isDone) => void (isDone && (file.durable = Math.max(file.durable, count)));
  }
  const covered = disk.nameChanges.filter(
    ({ isDone, names }) => isDone && names.some(([name]) => dirname(name) === path),
  );
  return (isDone) => {
    if (isDone) for (const change of covered) change.isDurable = true;
  };
}

/** Whether all that was written to a file is on the disk for certain. */
export function isWritten({ seen }: Disk, path: string): boolean {
  const entry = seen.get(path);
  return typeof entry !== 'object' || entry.durable === entry.changes.length;
}

/** As {@link isWritten}, and the file is found by its name. */
export const isDurable = (disk: Disk, path: string): boolean =>
  isWritten(disk, path) && disk.nameChanges.every(({ isDurable: isKept, names }) => isKept || names[0]?.[0] !== path);

/** Which of the changes under a path are lost, from 0 (none) to 10 (all that can be). */
export type LossAt = (path: string) => number;

const LOSS_ALL = 10;

/** @returns the files and folders that the disk may hold if the power fails now. */
export function cutPower(disk: Disk, below: Below, lossAt: LossAt): Map<string, Buffer | 'folder'> {
  const names = new Map(disk.base);
  for (const change of disk.nameChanges) {
    const loss = lossAt(change.names[0]?.[0] ?? '');
    if (change.isDurable || below(LOSS_ALL) >= loss) setNames(names, change);
  }
  const left = new Map<string, Buffer | 'folder'>();
  for (const [path, entry] of names)
    left.set(path, entry === 'folder' ? entry : contentLeft(entry, below, lossAt(path)));
  return left;
}

/** Each page, and the size, as it was after some number of the changes. */
function contentLeft({ base, changes, durable }: Content, below: Below, loss: number): Buffer {
  const certain = contentAfter(base, changes.slice(0, durable));
  if (loss === 0 || durable === changes.length) return contentAfter(certain, changes.slice(durable));
  const moments = [certain];
  for (const change of changes.slice(durable)) moments.push(contentAfter(moments.at(-1) ?? certain, [change]));
  const some = (): Buffer => (below(LOSS_ALL) >= loss ? moments.at(-1) : moments[below(moments.length)]) ?? certain;
  const left = Buffer.alloc(some().length);
  for (let start = 0; start < left.length; start += PAGE_BYTES)
    some()
      .subarray(start, start + PAGE_BYTES)
      .copy(left, start);
  return left;
}

function contentAfter(base: Buffer, changes: readonly ContentChange[]): Buffer {
  const ends = changes.map((change) => ('size' in change ? change.size : change.position + change.bytes.length));
  const content = Buffer.alloc(Math.max(base.length, ...ends));
  base.copy(content);
  let size = base.length;
  for (const change of changes) {
    if ('size' in change) {
      content.fill(0, change.size);
      size = change.size;
      continue;
    }
    change.bytes.copy(content, change.position);
    size = Math.max(size, change.position + change.bytes.length);
  }
  return content.subarray(0, size);
}

/** Everything in a folder, with full paths; the folder itself too. */
function entriesIn(folder: string): Map<string, Entry> {
  const entries = new Map<string, Entry>([[folder, 'folder']]);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name);
    if (UNTRACED.test(path)) continue;
    const isFolder = lstatSync(path).isDirectory();
    entries.set(path, isFolder ? 'folder' : { base: readFileSync(path), changes: [], durable: 0 });
  }
  return entries;
}

/** Writes what is left into a folder. What lay in a folder that is lost is lost with it. */
export function writeLeft(left: ReadonlyMap<string, Buffer | 'folder'>, from: string, to: string): void {
  const made = new Set<string>([dirname(from)]);
  for (const path of [...left.keys()].sort()) {
    if (!made.has(dirname(path))) continue;
    const entry = left.get(path) ?? 'folder';
    if (entry === 'folder') made.add(path);
    const target = join(to, path.slice(from.length));
    if (entry === 'folder') mkdirSync(target, { recursive: true, mode: 0o700 });
    else writeFileSync(target, entry, { mode: 0o600 });
  }
}

/**
 * What the program sees must be what is in the folder now. @throws Error when something was changed by a function that
 * is not traced, so that this disk would not lose it.
 */
export function checkTraced(disk: Disk, folder: string): void {
  const present = entriesIn(folder);
  const paths = new Set([...present.keys(), ...[...disk.seen.keys()].filter((path) => !UNTRACED.test(path))]);
  const unfinished = disk.unfinished();
  for (const path of paths) {
    if (unfinished.has(path)) continue;
    const [seen, found] = [disk.seen.get(path), present.get(path)];
    const isSame =
      seen === found ||
      (typeof seen === 'object' &&
        typeof found === 'object' &&
        contentAfter(seen.base, seen.changes).equals(found.base));
    if (!isSame) throw new Error(`${path} was changed by a function of node:fs that is not traced`);
  }
}
