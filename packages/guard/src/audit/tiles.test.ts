import { describe, expect, it } from 'vitest';
import { createTileReader, inclusionProofFromTiles, isComplete, parseTilePath, type Tile } from './tiles.ts';
import { inclusionProof, leafHash, rootOf, verifyInclusion } from './tree.ts';

describe('paths', () => {
  it.each<[path: string, tile: Tile]>([
    ['0/000', { level: 0, index: 0, width: 256 }],
    ['0/001.p/1', { level: 0, index: 1, width: 1 }],
    ['1/000.p/255', { level: 1, index: 0, width: 255 }],
    ['0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
    ['2/x001/000.p/17', { level: 2, index: 1_000, width: 17 }],
  ])('%s', (path, tile) => expect(parseTilePath(path)).toEqual(tile));

  it.each([
    '',
    '0',
    '0/',
    '0/0',
    '0/00',
    '0/0000',
    '00/000',
    '6/000',
    '64/000',
    '-1/000',
    '0/000.p',
    '0/000.p/',
    '0/000.p/0',
    '0/000.p/00',
    '0/000.p/01',
    '0/000.p/256',
    '0/000.p/999',
    '0/x000/000',
    '0/001/000',
    '0/x1/000',
    '0/X001/000',
    '0/x001/x000',
    '0/x001//000',
    'entries/000',
    '0/000/',
    '0/000.p/1/2',
    '0/../0/000',
    '0/0٠0',
    '0/x999/x999/x999/x999/x999/999',
    '5/x999/x999/999',
  ])('no tile is spelled %j', (path) => expect(parseTilePath(path)).toBeUndefined());
});

describe('a tree of 70,000 leaves, the example of the specification', () => {
  const SIZE = 70_000;
  const leaves = Array.from({ length: SIZE }, (_, at) => leafHash(Buffer.from(String(at))));
  const read = createTileReader((from, to) => Promise.resolve(Buffer.concat(leaves.slice(from, to))));
  const full = (level: number, index: number): Tile => ({ level, index, width: 256 });

  it('has 273 full tiles and one of 112, one full and one of 17 above them, and one of 1 on top', () => {
    expect([
      isComplete(full(0, 272), SIZE),
      isComplete(full(0, 273), SIZE),
      isComplete({ level: 0, index: 273, width: 112 }, SIZE),
      isComplete({ level: 0, index: 273, width: 113 }, SIZE),
    ]).toEqual([true, false, true, false]);
    expect([
      isComplete(full(1, 0), SIZE),
      isComplete({ level: 1, index: 1, width: 17 }, SIZE),
      isComplete({ level: 1, index: 1, width: 18 }, SIZE),
    ]).toEqual([true, true, false]);
    expect([
      isComplete({ level: 2, index: 0, width: 1 }, SIZE),
      isComplete({ level: 2, index: 0, width: 2 }, SIZE),
      isComplete({ level: 3, index: 0, width: 1 }, SIZE),
    ]).toEqual([true, false, false]);
  });

  it.each<[name: string, tile: Tile, spans: number]>([
    ['leaves', full(0, 272), 1],
    ['leaves at the edge', { level: 0, index: 273, width: 112 }, 1],
    ['roots of tiles', full(1, 0), 256],
    ['roots of tiles at the edge', { level: 1, index: 1, width: 17 }, 256],
    ['roots of roots', { level: 2, index: 0, width: 1 }, 65_536],
  ])('%s are those of RFC 6962', async (_name, tile, spans) => {
    const bytes = await read(tile);
    expect(bytes.length).toBe(tile.width * 32);
    for (const at of [0, tile.width - 1]) {
      const from = (tile.index * 256 + at) * spans;
      expect(
        bytes.subarray(at * 32, (at + 1) * 32).equals(rootOf((index) => leaves[index] as Buffer, from, from + spans)),
      ).toBe(true);
    }
  });
});

describe('proofs from tiles', () => {
  const sizes = [1, 2, 3, 255, 256, 257, 511, 512, 513, 1_000, 65_536, 65_537, 70_000];
  const leaves = Array.from({ length: 70_000 }, (_, at) => leafHash(Buffer.from(String(at))));
  const readTile = createTileReader(async (from, to) => Buffer.concat(leaves.slice(from, to)));
  const leafAt = (index: number): Buffer => leaves[index] as Buffer;

  it.each(sizes)('are those of RFC 6962 in a tree of %i', async (size) => {
    const indexes = new Set([0, 1, 254, 255, 256, 257, Math.floor(size / 2), size - 2, size - 1]);
    const root = rootOf(leafAt, 0, size);
    for (const index of indexes) {
      if (index < 0 || index >= size) continue;
      const proof = await inclusionProofFromTiles(readTile, index, size);
      // The slow way is right by the vectors of tree.test.ts.
      if (size <= 1_000) expect(proof).toEqual(inclusionProof(leafAt, index, size));
      expect(verifyInclusion({ leaf: leafAt(index), index, size, proof, root })).toBe(true);
    }
  });
  it('of a leaf outside of the tree do not exist', async () => {
    await expect(inclusionProofFromTiles(readTile, 3, 3)).rejects.toThrow(RangeError);
  });
});
