/**
 * The tree in tiles (C2SP tlog-tiles): each has 256 consecutive hashes of one level. A client with a checkpoint
 * computes any proof from them. One level of tiles is eight levels of the tree: each hash above level 0 is the root of
 * a full tile below.
 */
import { createFrontier, HASH_BYTES, inclusionRanges, rootOf, type Hash } from './tree.ts';

/** Hashes in a full tile. */
export const TILE_WIDTH = 256;
/** Above it a tile would cover more leaves than a number can count. */
const LEVEL_MAX = 5;

/**
 * Which tile.
 *
 * @example
 * ```ts
 * const firstLeaves: Tile = { level: 0, index: 0, width: 256 };
 * ```
 */
export interface Tile {
  /** 0 = hashes of leaves. */
  readonly level: number;
  readonly index: number;
  /** 1 to 256 hashes; fewer than 256 at the growing edge. */
  readonly width: number;
}

const PATH = /^(0|[1-9]\d?)\/((?:x\d{3}\/)*)(\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/**
 * Reads the path of a tile.
 *
 * @param path the part after `tile/`, such as `1/x001/234.p/17`.
 * @returns `undefined` for anything that is not the canonical path of a tile.
 *
 * @example
 * ```ts
 * const tile = parseTilePath('0/000.p/17');
 * ```
 */
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

/**
 * Whether a tree of that size has all hashes of the tile.
 *
 * @example
 * ```ts
 * const canBeServed = (tile: Tile, size: number): boolean => isComplete(tile, size);
 * ```
 */
export const isComplete = ({ level, index, width }: Tile, size: number): boolean =>
  index * TILE_WIDTH + width <= Math.floor(size / TILE_WIDTH ** level);

/** Reads the leaf hashes in [from, to), 32 bytes each. */
export type ReadLeaves = (from: number, to: number) => Promise<Buffer>;

/**
 * Reads tiles of a tree that only grows. Hashes of full tiles are remembered, one for each 256 leaves, so that a tile
 * costs at most 256 others.
 *
 * @param readLeaves is called only for leaves that a tile covers.
 * @example
 * ```ts
 * const readTile = createTileReader(async (from, to) => Buffer.alloc((to - from) * HASH_BYTES));
 * const bytes = await readTile({ level: 0, index: 0, width: 4 });
 * ```
 */
export function createTileReader(readLeaves: ReadLeaves): (tile: Tile) => Promise<Buffer> {
  const roots = new Map<string, Hash>();
  const rootAt = async (level: number, index: number): Promise<Hash> => {
    const key = `${level} ${index}`;
    const known = roots.get(key);
    if (known !== undefined) return known;
    const below = await read({ level: level - 1, index, width: TILE_WIDTH });
    const root = rootOf((at) => below.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES), 0, TILE_WIDTH);
    roots.set(key, root);
    return root;
  };
  const read = async ({ level, index, width }: Tile): Promise<Buffer> => {
    const first = index * TILE_WIDTH;
    if (level === 0) return readLeaves(first, first + width);
    const hashes: Hash[] = [];
    // One after the other, so that calls are served in between.
    for (let index = first; index < first + width; index++) hashes.push(await rootAt(level, index));
    return Buffer.concat(hashes);
  };
  return read;
}

/**
 * Proves that a leaf is in the tree of `size` leaves, as `inclusionProof` does, from tiles: so a proof in a tree of a
 * million leaves reads a few thousand hashes and holds the event loop for none of them.
 *
 * @throws RangeError when the index is not below the size. Rejects when a tile cannot be read.
 * @example
 * ```ts
 * const readTile = createTileReader(async (from, to) => Buffer.alloc((to - from) * HASH_BYTES));
 * const proof = await inclusionProofFromTiles(readTile, 0, 1_000_000);
 * ```
 */
export async function inclusionProofFromTiles(
  readTile: (tile: Tile) => Promise<Buffer>,
  index: number,
  size: number,
): Promise<readonly Hash[]> {
  const proof: Hash[] = [];
  for (const [from, to] of inclusionRanges(index, size)) proof.push(await rootOfRange(readTile, from, to));
  return proof;
}

/** The root over a range of leaves that is one subtree of RFC 6962, from the roots of its perfect subtrees. */
async function rootOfRange(readTile: (tile: Tile) => Promise<Buffer>, from: number, to: number): Promise<Hash> {
  const peaks: Hash[] = [];
  for (let at = from; at < to;) {
    const leaves = 2 ** Math.floor(Math.log2(to - at));
    peaks.push(await rootOfPerfect(readTile, at, leaves));
    at += leaves;
  }
  return createFrontier(to - from, peaks).root();
}

/** @param leaves a power of two that divides `from`. */
async function rootOfPerfect(readTile: (tile: Tile) => Promise<Buffer>, from: number, leaves: number): Promise<Hash> {
  const level = Math.floor(Math.log2(leaves) / Math.log2(TILE_WIDTH));
  const leavesPerHash = TILE_WIDTH ** level;
  const [first, count] = [from / leavesPerHash, leaves / leavesPerHash];
  const offset = first % TILE_WIDTH;
  const tile = await readTile({ level, index: Math.floor(first / TILE_WIDTH), width: offset + count });
  return rootOf((at) => tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES), offset, offset + count);
}
