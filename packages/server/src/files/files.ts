/** What tools can do with the files of a root. */
import type { CallContext } from '../call-context.ts';
import type { FileText } from './read.ts';
import type { Match } from './search.ts';
import type { WriteMode } from './write.ts';

/**
 * One entry of a list.
 *
 * @example
 * ```ts
 * const isLarge = ({ kind, bytes }: FileEntry): boolean => kind === 'file' && bytes > 1_000_000;
 * ```
 */
export interface FileEntry {
  /** From the root, as `read` takes it. */
  readonly path: string;
  /** Only files and folders can be opened. */
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
  /** ISO 8601, in UTC. */
  readonly modified: string;
}

/**
 * A list or the lines that were found.
 *
 * @example
 * ```ts
 * const paths = ({ items }: FileList<FileEntry>): readonly string[] => items.map(({ path }) => path);
 * ```
 */
export interface FileList<T> {
  readonly items: readonly T[];
  readonly isComplete: boolean;
  /** For the model, when something is missing: why. */
  readonly note?: string;
}

/**
 * The files of a root. Every path is relative to it, with `/` between names; `''` is the root itself.
 *
 * @example
 * ```ts
 * const readMe = async (files: Files, context: CallContext): Promise<string> =>
 *   (await files.read(context, 'note.txt')).text;
 * ```
 */
export interface Files {
  /**
   * The text of a file, up to the limit.
   *
   * @param offset bytes from the beginning.
   * @throws ToolError `INVALID_ARGUMENT`, `NOT_FOUND`, `PERMISSION_DENIED`, `NOT_TEXT`.
   */
  read(context: CallContext, path: string, offset?: number): Promise<FileText>;
  /**
   * The bytes of a file.
   *
   * @throws ToolError as `read`, and `TOO_LARGE`.
   */
  readBytes(context: CallContext, path: string): Promise<Uint8Array>;
  /**
   * What is in a folder and, when it is asked for, below it.
   *
   * @param options `depth` is 1 when absent; `glob` (`**` + `/*.txt`) is for the path from the listed folder.
   */
  list(
    context: CallContext,
    path?: string,
    options?: { readonly depth?: number; readonly glob?: string },
  ): Promise<FileList<FileEntry>>;
  /** The lines that have a text, in files below a folder. Files that are no text are left out. */
  search(
    context: CallContext,
    wanted: { readonly text: string; readonly path?: string; readonly glob?: string },
  ): Promise<FileList<Match>>;
  /**
   * Where a file or folder is, for a program that opens it by itself. It is what it was when it was looked at: a
   * program that must not be led elsewhere by a link that is put in its place runs in a sandbox.
   *
   * @throws ToolError as `read`.
   */
  locate(context: CallContext, path: string, kind: 'file' | 'folder'): Promise<string>;
  /** Closes the root. */
  close(): Promise<void>;
}

/** Files that were opened with `writes: 'allowed'`. */
export interface WritableFiles extends Files {
  /**
   * Writes a file at once: others see the old one or the new one. Folders on the way are made.
   *
   * @param mode `create` when absent, which replaces nothing.
   * @throws ToolError as `read`, `CONFLICT` against the mode, and `TOO_LARGE`.
   */
  write(context: CallContext, path: string, content: string | Uint8Array, mode?: WriteMode): Promise<void>;
}
