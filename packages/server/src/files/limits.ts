/** How much of the files one call may read, list, search and write. */

/**
 * Limits of a root, each a whole number from 1.
 *
 * @example
 * ```ts
 * const small: FileLimits = { readBytesMax: 64 * 1024, entriesMax: 200 };
 * ```
 */
export interface FileLimits {
  /** Bytes of one read: at most 64 MiB; 1 MiB when absent. */
  readonly readBytesMax?: number;
  /** Bytes of one write: at most 64 MiB; 1 MiB when absent. */
  readonly writeBytesMax?: number;
  /** Entries of one list: at most 10,000; 1,000 when absent. */
  readonly entriesMax?: number;
  /** Folders below the listed or searched one: at most 32; 8 when absent. */
  readonly depthMax?: number;
  /** Lines that a search finds: at most 1,000; 100 when absent. */
  readonly matchesMax?: number;
  /** Bytes that a search reads in all: at most 1 GiB; 64 MiB when absent. */
  readonly searchBytesMax?: number;
}

const MIB = 1024 * 1024;
const LIMITS: Readonly<Record<keyof FileLimits, readonly [usual: number, max: number]>> = {
  readBytesMax: [MIB, 64 * MIB],
  writeBytesMax: [MIB, 64 * MIB],
  entriesMax: [1_000, 10_000],
  depthMax: [8, 32],
  matchesMax: [100, 1_000],
  searchBytesMax: [64 * MIB, 1024 * MIB],
};

/** Limits with their defaults. @throws RangeError when one is out of range. */
export function checkFileLimits(limits: FileLimits): Required<FileLimits> {
  const checked = Object.entries(LIMITS).map(([name, [usual, max]]) => {
    const value = limits[name as keyof FileLimits] ?? usual;
    if (!(Number.isInteger(value) && value >= 1 && value <= max))
      throw new RangeError(`${name} must be a whole number from 1 to ${max}`);
    return [name, value];
  });
  return Object.fromEntries(checked) as Required<FileLimits>;
}
