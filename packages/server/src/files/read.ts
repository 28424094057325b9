/** Reads one file up to a number of bytes. */
import type { FileHandle } from 'node:fs/promises';
import { ToolError } from '../errors.ts';
import type { Entry } from './folder.ts';

/** The text of a file, or the beginning of it. */
export interface FileText {
  readonly text: string;
  /** Size of the file. */
  readonly bytes: number;
  readonly isComplete: boolean;
  /** For the model, when the file is longer. */
  readonly note?: string;
}

/**
 * Opens a file that was found.
 *
 * @throws ToolError `PERMISSION_DENIED` for a folder, a pipe, a socket or a device, none of which is opened, and for a
 * file with several names when those are refused.
 */
export async function openFile({ stats, openForReading }: Entry, hardLinks: 'allow' | 'refuse'): Promise<FileHandle> {
  if (stats.isDirectory())
    throw new ToolError('PERMISSION_DENIED', 'This is a folder.', { suggestion: 'Call list to see what is in it.' });
  if (!stats.isFile()) throw new ToolError('PERMISSION_DENIED', 'This is no ordinary file.');
  if (hardLinks === 'refuse' && stats.nlink > 1)
    throw new ToolError('PERMISSION_DENIED', 'This file has another name, which may be outside of the root.');
  const handle = await openForReading().catch((cause: unknown) => {
    throw new ToolError('PERMISSION_DENIED', 'This file is not readable.', { cause });
  });
  const opened = await handle.stat();
  if (opened.isFile()) return handle;
  await handle.close();
  throw new ToolError('PERMISSION_DENIED', 'This is no ordinary file.');
}

/** @returns at most so many bytes from an offset. */
export async function readBytes(handle: FileHandle, offset: number, bytesMax: number): Promise<Buffer> {
  const { size } = await handle.stat();
  // A file of /proc says that it has no bytes; one that grows is read as it was.
  const bytes = Buffer.alloc(Math.max(0, Math.min(bytesMax, size - offset)));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/**
 * Bytes as UTF-8. The last character may be cut off by a limit, and is left out then.
 *
 * @throws ToolError `NOT_TEXT`.
 */
export function textOf(bytes: Buffer, isCut: boolean): string {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: isCut });
  } catch (cause) {
    throw new ToolError('NOT_TEXT', 'This file is no text in UTF-8.', { cause });
  }
}
