/** One server in the file of a client: set with a backup, or undone. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { Json } from '@sallyport/guard';
import { replaceFile } from '../replace-file.ts';
import type { Client, ClientEntry } from './clients.ts';
import { jsonAt, withJsonEntry } from './edit-json.ts';
import { tomlAt, withTomlEntry } from './edit-toml.ts';

/** What is to happen with a file. */
export interface FileChange {
  readonly file: string;
  /** The text as it was read; `undefined`: there is no file. */
  readonly before: string | undefined;
  /** `undefined`: the file goes. */
  readonly after: string | undefined;
  /** The server as it was, and as it will be. */
  readonly entryBefore: Json | undefined;
  readonly entryAfter: Json | undefined;
}

/** Where the text is kept that was there before the first change. */
export const backupOf = (file: string): string => `${file}.before-sallyport`;

/** @throws Error with a sentence for the user when the file cannot be understood. */
export function planEntry(client: Client, file: string, name: string, entry: ClientEntry): FileChange {
  return named(file, () => {
    const before = textOf(file);
    const after = withEntry(client, before ?? '', name, entry);
    return { file, before, after, entryBefore: entryAt(client, before ?? '', name), entryAfter: entry as Json };
  });
}

/**
 * The text that was there before, where nothing else was changed since; otherwise only the server goes, or becomes what
 * it was.
 *
 * @returns `undefined` when the file has no such server. @throws as `planEntry`.
 */
export function planUndo(client: Client, file: string, name: string): FileChange | undefined {
  return named(file, () => {
    const before = textOf(file);
    const current = before === undefined ? undefined : entryAt(client, before, name);
    if (before === undefined || current === undefined) return undefined;
    const original = textOf(backupOf(file));
    const entryAfter = original === undefined ? undefined : entryAt(client, original, name);
    const isUntouched = withEntry(client, original ?? '', name, current as ClientEntry) === before;
    const after = isUntouched ? original : withEntry(client, before, name, entryAfter as ClientEntry | undefined);
    return { file, before, after, entryBefore: current, entryAfter };
  });
}

/** Writes the change. @throws Error with a sentence for the user when the file is another one by now. */
export function applyChange({ file, before, after }: FileChange, isUndo: boolean): void {
  if (textOf(file) !== before) throw new Error(`${file} was changed meanwhile; nothing was written. Try again.`);
  const backup = backupOf(file);
  if (after === undefined) rmSync(file);
  else replaceFile(file, after, isUndo || existsSync(backup) ? undefined : backup);
  if (isUndo) rmSync(backup, { force: true });
}

const textOf = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

const entryAt = ({ format, place }: Client, text: string, name: string): Json | undefined =>
  format === 'toml' ? tomlAt(text, name) : jsonAt(text, [...place, name]);

const withEntry = (client: Client, text: string, name: string, entry: ClientEntry | undefined): string =>
  client.format === 'toml' ? withTomlEntry(text, name, entry) : withJsonEntry(text, client, name, entry);

function named<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw new Error(`${file} ${(thrown as Error).message}; nothing was changed`, { cause: thrown });
  }
}
