/**
 * Moves the end of a file that nobody was promised into a file of its own. Nothing is thrown away: the copy is durable
 * before the file is shortened. Until a record names the copy it ends in `.torn`, afterwards in `.set-aside`.
 */
import { basename, dirname, join } from 'node:path';
import type { LogFiles } from './files.ts';
import { OPEN, syncFolder, withFile, type LogFile } from './log-file.ts';

/** Bytes that were moved out of the log. */
export interface SetAside {
  /** Name of the file in the folder of the log, without its ending. */
  readonly name: string;
  readonly bytes: number;
}

const TORN = '.torn';
const RECORDED = '.set-aside';
const COPY_BYTES = 256 * 1024;

/** @returns `undefined` when the file ends at `end`. Can be repeated after a failure. */
export async function setAside(files: LogFiles, path: string, end: number): Promise<SetAside | undefined> {
  const bytes = (files.status(path)?.bytes ?? 0) - end;
  if (bytes <= 0) return undefined;
  const folder = dirname(path);
  const name = freeName(files, folder, `${basename(path, '.seg')}-${end}`);
  const draft = join(folder, `${name}.new`);
  await withFile(files, path, OPEN.change, async (from) => {
    await withFile(files, draft, OPEN.draft, (to) => copy(from, end, to));
    await files.rename(draft, join(folder, name + TORN));
    await syncFolder(files, folder);
    await from.truncate(end);
    await from.syncAll();
  });
  return { name, bytes };
}

async function copy(from: LogFile, start: number, to: LogFile): Promise<void> {
  const buffer = Buffer.alloc(COPY_BYTES);
  for (let copied = 0; ;) {
    const count = await from.read(buffer, start + copied);
    if (count === 0) break;
    await to.write(buffer.subarray(0, count), copied);
    copied += count;
  }
  await to.syncAll();
}

function freeName(files: LogFiles, folder: string, name: string): string {
  for (let number = 1; ; number++) {
    const numbered = `${name}-${number}`;
    if ([TORN, RECORDED].every((ending) => files.status(join(folder, numbered + ending)) === undefined))
      return numbered;
  }
}

/** The copies that no record names yet: the process ended before it could be written. */
export async function unrecordedIn(files: LogFiles, folder: string): Promise<readonly SetAside[]> {
  const names = (await files.list(folder)).filter((name) => name.endsWith(TORN)).sort();
  return names.map((name) => ({
    name: name.slice(0, -TORN.length),
    bytes: files.status(join(folder, name))?.bytes ?? 0,
  }));
}

/** Marks copies as recorded. One that cannot be renamed now is recorded once more by the next start. */
export async function markRecorded(files: LogFiles, folder: string, copies: readonly SetAside[]): Promise<void> {
  for (const { name } of copies)
    await files.rename(join(folder, name + TORN), join(folder, name + RECORDED)).catch(() => undefined);
}
