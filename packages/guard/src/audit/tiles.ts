/**
 * The tree in tiles (C2SP tlog-tiles): 256 consecutive hashes of one level each, from which whoever has a checkpoint
 * computes any proof. A level is eight of the tree's: each hash above the first is the root of a full tile below.
 */
import { HASH_BYTES, rootOf, type Hash } from './tree.ts';

export const TILE_WIDTH = 256;
/** Beyond it a tile would cover more leaves than a number can count. */
const LEVEL_MAX = 5;

export interface Tile {
  /** 0 = hashes of leaves. */
  readonly level: number;
  readonly index: number;
  /** 1 to 256 hashes; fewer than 256 at the growing edge. */
  readonly width: number;
}

const PATH = /^(0|[1-9]\d?)\/((?:x\d{3}\/)*)(\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** @param path what follows `tile/`, such as `1/x001/234.p/17`. @returns `undefined` for what is not the one spelling of a tile. */
export function parseTilePath(path: string): Tile | undefined {
  const [, level = '', high = '', low = '', partial] = PATH.exec(path) ?? [];
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  // A leading `x000` would be a second spelling.
  if (
    level === '' ||
    Number(level) > LEVEL_MAX ||
    high.startsWith('x000') ||
    (partial !== undefined && width >= TILE_WIDTH)
  )
    return undefined;
  const index = Number(high.replaceAll(/[x/]/g, '') + low);
  return Number.isSafeInteger((index + 1) * TILE_WIDTH ** (Number(level) + 1))
    ? { level: Number(level), index, width }
    : undefined;
}

/** Whether a tree of that size has all hashes of the tile. */
export const isComplete = ({ level, index, width }: Tile, size: number): boolean =>
  index * TILE_WIDTH + width <= Math.floor(size / TILE_WIDTH ** level);

export type ReadLeaves = (from: number, to: number) => Promise<Buffer>;

/**
 * Reads tiles of a tree that only grows. Hashes of full tiles are remembered, one for each 256 leaves, so that a tile costs
 * at most 256 others.
 *
 * @param leaves the leaf hashes in [from, to), 32 bytes each; only asked for those that a tile covers.
 */
export function createTileReader(leaves: ReadLeaves): (tile: Tile) => Promise<Buffer> {
  const roots = new Map<string, Hash>();
  const rootAt = async (level: number, index: number): Promise<Hash> => {
    const key = `${level} ${index}`;
    let root = roots.get(key);
    if (root === undefined) {
      const below = await read({ level: level - 1, index, width: TILE_WIDTH });
      roots.set(key, (root = rootOf((at) => below.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES), 0, TILE_WIDTH)));
    }
    return root;
  };
  const read = async ({ level, index, width }: Tile): Promise<Buffer> => {
    const first = index * TILE_WIDTH;
    if (level === 0) return leaves(first, first + width);
    const hashes: Hash[] = [];
    // One after the other: whoever waits for a tile can wait, and calls go on in between.
    for (let at = first; at < first + width; at++) hashes.push(await rootAt(level, at));
    return Buffer.concat(hashes);
  };
  return read;
}
