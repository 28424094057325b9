/**
 * The Merkle tree of RFC 6962 (section 2.1), SHA-256. While the log grows it keeps the frontier only: the roots of the
 * perfect subtrees whose sizes add up to its size. Proofs are computed from the leaf hashes when they are requested.
 */
import { hash } from 'node:crypto';

/**
 * A SHA-256 hash, 32 bytes.
 *
 * @example
 * ```ts
 * const text = (hash: Hash): string => hash.toString('hex');
 * ```
 */
export type Hash = Buffer;

/**
 * Length of a {@link Hash}.
 *
 * @example
 * ```ts
 * const count = (leaves: Uint8Array): number => leaves.length / HASH_BYTES;
 * ```
 */
export const HASH_BYTES = 32;
/** Domain separation: a leaf and a node never have the same hash. */
const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Through a string, which the engine allocates in its own heap: a native Buffer costs several times as much. */
const sha256 = (data: Uint8Array): Hash => Buffer.from(hash('sha256', data, 'latin1'), 'latin1');

/** Reused for the input of every hash, within one synchronous function. */
let scratch: Buffer = Buffer.alloc(8 * 1024);

/**
 * The hash of a leaf: SHA-256 of 0x00 and its bytes.
 *
 * @example
 * ```ts
 * const leaf = leafHash(Buffer.from(canonicalize({ phase: 'intent' })));
 * ```
 */
export function leafHash(bytes: Uint8Array): Hash {
  const length = 1 + bytes.length;
  if (scratch.length < length) scratch = Buffer.alloc(2 * length);
  scratch[0] = LEAF_PREFIX;
  scratch.set(bytes, 1);
  return sha256(scratch.subarray(0, length));
}

function nodeHash(left: Hash, right: Hash): Hash {
  scratch[0] = NODE_PREFIX;
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return sha256(scratch.subarray(0, 1 + 2 * HASH_BYTES));
}

/** The root of a tree without leaves. */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array());

/**
 * The right edge of a growing tree: each leaf costs constant amortised work.
 *
 * @example
 * ```ts
 * const rootText = (frontier: Frontier): string => frontier.root().toString('base64');
 * ```
 */
export interface Frontier {
  readonly size: number;
  append(leaf: Hash): void;
  root(): Hash;
  /** Roots of perfect subtrees, largest first; their sizes are the binary digits of `size`. */
  peaks(): readonly Hash[];
}

/**
 * An empty frontier, or one that continues from the size and peaks of another.
 *
 * @example
 * ```ts
 * const frontier = createFrontier();
 * frontier.append(leafHash(Buffer.from('first')));
 * ```
 */
export function createFrontier(initialSize = 0, initialPeaks: readonly Hash[] = []): Frontier {
  const peaks: Hash[] = [...initialPeaks];
  let size = initialSize;
  return {
    get size() {
      return size;
    },
    peaks: () => [...peaks],
    append(leaf) {
      let node = leaf;
      for (let carry = size; carry % 2 === 1; carry = Math.floor(carry / 2)) node = nodeHash(peaks.pop() as Hash, node);
      peaks.push(node);
      size += 1;
    },
    root: () =>
      peaks.reduceRight<Hash | undefined>(
        (right, left) => (right === undefined ? left : nodeHash(left, right)),
        undefined,
      ) ?? EMPTY_ROOT,
  };
}

/**
 * The leaf hash at an index; leaves are read from a file as they are needed.
 *
 * @example
 * ```ts
 * const leaves = [leafHash(Buffer.from('a')), leafHash(Buffer.from('b'))];
 * const leafAt: LeafAt = (index) => leaves[index] ?? leafHash(Buffer.from(''));
 * ```
 */
export type LeafAt = (index: number) => Hash;

/** The largest power of two that is smaller than n (n > 1). */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * The root over the leaves in [from, to): MTH of RFC 6962 section 2.1.
 *
 * @example
 * ```ts
 * const root = (leafAt: LeafAt, size: number): Hash => rootOf(leafAt, 0, size);
 * ```
 */
export function rootOf(leafAt: LeafAt, from: number, to: number): Hash {
  const frontier = createFrontier();
  for (let index = from; index < to; index++) frontier.append(leafAt(index));
  return frontier.root();
}

/**
 * Leaves from the first number on and before the second one.
 *
 * @example
 * ```ts
 * const count = ([from, to]: LeafRange): number => to - from;
 * ```
 */
export type LeafRange = readonly [from: number, to: number];

/**
 * Proves that a leaf is in the tree of `size` leaves: PATH(index, D[size]) of RFC 6962 section 2.1.1.
 *
 * @throws RangeError when the index is not below the size.
 *
 * @example
 * ```ts
 * const proofOfFirst = (leafAt: LeafAt, size: number): Hash[] => inclusionProof(leafAt, 0, size);
 * ```
 */
export const inclusionProof = (leafAt: LeafAt, index: number, size: number): Hash[] =>
  inclusionRanges(index, size).map(([from, to]) => rootOf(leafAt, from, to));

/**
 * The leaves under each hash of an inclusion proof, from the leaf to the root.
 *
 * @throws RangeError when the index is not below the size.
 *
 * @example
 * ```ts
 * const hashes = inclusionRanges(0, 1_000_000).length;
 * ```
 */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`there is no leaf ${index} in a tree of ${size}`);
  const path = (from: number, to: number): LeafRange[] => {
    if (to - from === 1) return [];
    const middle = from + split(to - from);
    return index < middle ? [...path(from, middle), [middle, to]] : [...path(middle, to), [from, middle]];
  };
  return path(0, size);
}

/**
 * Proves that the tree of `first` leaves is a prefix of the tree of `size`: PROOF(first, D[size]) of RFC 6962 section
 * 2.1.2.
 *
 * @throws RangeError when `first` is larger than `size`.
 *
 * @example
 * ```ts
 * const proof = (leafAt: LeafAt): Hash[] => consistencyProof(leafAt, 100, 256);
 * ```
 */
export const consistencyProof = (leafAt: LeafAt, first: number, size: number): Hash[] =>
  consistencyRanges(first, size).map(([from, to]) => rootOf(leafAt, from, to));

/** The leaves under each hash of a consistency proof. */
function consistencyRanges(first: number, size: number): readonly LeafRange[] {
  if (!(first >= 0 && first <= size)) throw new RangeError(`a tree of ${first} is no prefix of one of ${size}`);
  if (first === 0 || first === size) return [];
  const proof = (from: number, to: number, whole: boolean): LeafRange[] => {
    if (first === to) return whole ? [] : [[from, to]];
    const middle = from + split(to - from);
    return first <= middle
      ? [...proof(from, middle, whole), [middle, to]]
      : [...proof(middle, to, false), [from, middle]];
  };
  return proof(0, size, true);
}

/**
 * A proof that is made while the leaves are read once, in order, so that it takes no memory for them.
 *
 * @example
 * ```ts
 * const proofOf = (leaves: Iterable<Hash>, building: ProofInParts): readonly Hash[] => {
 *   for (const leaf of leaves) building.append(leaf);
 *   return building.hashes();
 * };
 * ```
 */
export interface ProofInParts {
  /** Takes the next leaf; leaves after the tree are ignored. */
  append(leaf: Hash): void;
  /** The proof, once all leaves of the tree were appended. */
  hashes(): readonly Hash[];
}

/**
 * {@link inclusionProof} over leaves that are read once, in order.
 *
 * @throws RangeError when the index is not below the size.
 *
 * @example
 * ```ts
 * const building = inclusionProofInParts(0, 1_000_000);
 * ```
 */
export const inclusionProofInParts = (index: number, size: number): ProofInParts =>
  proofInParts(inclusionRanges(index, size));

/**
 * {@link consistencyProof} over leaves that are read once, in order.
 *
 * @throws RangeError when `first` is larger than `size`.
 *
 * @example
 * ```ts
 * const building = consistencyProofInParts(100, 1_000_000);
 * ```
 */
export const consistencyProofInParts = (first: number, size: number): ProofInParts =>
  proofInParts(consistencyRanges(first, size));

/** The ranges of a proof do not overlap, so that one of them grows at a time. */
function proofInParts(ranges: readonly LeafRange[]): ProofInParts {
  const parts = ranges.map((range) => ({ range, frontier: createFrontier() }));
  const waiting = parts.toSorted((a, b) => a.range[0] - b.range[0]);
  let index = 0;
  return {
    append(leaf) {
      const [part] = waiting;
      if (part !== undefined && index >= part.range[0]) part.frontier.append(leaf);
      index += 1;
      if (index === part?.range[1]) waiting.shift();
    },
    hashes: () => parts.map(({ frontier }) => frontier.root()),
  };
}

/** What {@link verifyInclusion} checks: that the leaf has this index in the tree of this size and root. */
export interface Inclusion {
  readonly leaf: Hash;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly Hash[];
  readonly root: Hash;
}

/**
 * Checks an inclusion proof (RFC 9162 section 2.1.3.2).
 *
 * @example
 * ```ts
 * const leaf = leafHash(Buffer.from('only'));
 * const isIncluded = verifyInclusion({ leaf, index: 0, size: 1, proof: [], root: leaf });
 * ```
 */
export function verifyInclusion({ leaf, index, size, proof, root }: Inclusion): boolean {
  if (!(index >= 0 && index < size)) return false;
  let [node, position, last] = [leaf, index, size - 1];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      node = nodeHash(sibling, node);
      while (position % 2 === 0 && position !== 0) [position, last] = parentsOf(position, last);
    } else node = nodeHash(node, sibling);
    [position, last] = parentsOf(position, last);
  }
  return last === 0 && node.equals(root);
}

/** What {@link verifyConsistency} checks: that the tree of `first` leaves is a prefix of the tree of `size`. */
export interface Consistency {
  readonly first: number;
  readonly firstRoot: Hash;
  readonly size: number;
  readonly root: Hash;
  readonly proof: readonly Hash[];
}

/**
 * Checks a consistency proof (RFC 9162 section 2.1.4.2).
 *
 * @example
 * ```ts
 * const root = leafHash(Buffer.from('only'));
 * const isPrefix = verifyConsistency({ first: 1, firstRoot: root, size: 1, root, proof: [] });
 * ```
 */
export function verifyConsistency({ first, firstRoot, size, root, proof }: Consistency): boolean {
  if (first === 0) return proof.length === 0;
  if (first === size) return proof.length === 0 && firstRoot.equals(root);
  if (first > size) return false;
  let [position, last] = [first - 1, size - 1];
  while (position % 2 === 1) [position, last] = parentsOf(position, last);
  const path = position === 0 ? [firstRoot, ...proof] : [...proof];
  const start = path.shift();
  if (start === undefined) return false;
  let [old, current] = [start, start];
  for (const sibling of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      [old, current] = [nodeHash(sibling, old), nodeHash(sibling, current)];
      while (position % 2 === 0 && position !== 0) [position, last] = parentsOf(position, last);
    } else current = nodeHash(current, sibling);
    [position, last] = parentsOf(position, last);
  }
  return last === 0 && old.equals(firstRoot) && current.equals(root);
}

/** One level up: the index of a node, and of the last node of the level. */
const parentsOf = (position: number, last: number): [number, number] => [
  Math.floor(position / 2),
  Math.floor(last / 2),
];
