/**
 * The Merkle tree of RFC 6962 (section 2.1), SHA-256. The log keeps only the frontier while it grows: the roots of the
 * perfect subtrees that its size is the sum of; proofs are computed from the leaf hashes when somebody asks.
 */
import { hash } from 'node:crypto';

export type Hash = Buffer;

export const HASH_BYTES = 32;
const LEAF = 0x00;
const NODE = 0x01;

/** By way of a string, which the engine makes in its own heap: a Buffer of its own costs several times as much. */
const sha256 = (data: Uint8Array): Hash => Buffer.from(hash('sha256', data, 'latin1'), 'latin1');

/** Where the prefix and what it stands before are put together. Nothing reads it but the line that wrote it. */
let scratch: Buffer = Buffer.alloc(8 * 1024);

export function leafHash(bytes: Uint8Array): Hash {
  const length = 1 + bytes.length;
  if (scratch.length < length) scratch = Buffer.alloc(2 * length);
  scratch[0] = LEAF;
  scratch.set(bytes, 1);
  return sha256(scratch.subarray(0, length));
}

function nodeHash(left: Hash, right: Hash): Hash {
  scratch[0] = NODE;
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return sha256(scratch.subarray(0, 1 + 2 * HASH_BYTES));
}

export const EMPTY_ROOT: Hash = sha256(new Uint8Array());

/** Grows by one leaf at a time in constant amortised work. */
export interface Frontier {
  readonly size: number;
  append(leaf: Hash): void;
  root(): Hash;
  /** Roots of perfect subtrees, largest first; their sizes are the binary digits of `size`. */
  peaks(): readonly Hash[];
}

/** Empty, or going on from the size and peaks of another. */
export function createFrontier(from = 0, known: readonly Hash[] = []): Frontier {
  const peaks: Hash[] = [...known];
  let size = from;
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

/** The leaf hash at an index; leaves are read from a file as they are needed. */
export type LeafAt = (index: number) => Hash;

/** The largest power of two that is smaller than n (n > 1). */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** MTH of the leaves in [from, to). */
export function rootOf(leafAt: LeafAt, from: number, to: number): Hash {
  const frontier = createFrontier();
  for (let index = from; index < to; index++) frontier.append(leafAt(index));
  return frontier.root();
}

/** PATH(index, D[size]): proves that a leaf is in the tree. @throws RangeError when it is not. */
export function inclusionProof(leafAt: LeafAt, index: number, size: number): Hash[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`there is no leaf ${index} in a tree of ${size}`);
  const path = (from: number, to: number): Hash[] => {
    if (to - from === 1) return [];
    const middle = from + split(to - from);
    return index < middle
      ? [...path(from, middle), rootOf(leafAt, middle, to)]
      : [...path(middle, to), rootOf(leafAt, from, middle)];
  };
  return path(0, size);
}

/** PROOF(first, D[size]): proves that the tree of `first` leaves is a prefix of the tree of `size`. */
export function consistencyProof(leafAt: LeafAt, first: number, size: number): Hash[] {
  if (!(first >= 0 && first <= size)) throw new RangeError(`a tree of ${first} is no prefix of one of ${size}`);
  if (first === 0 || first === size) return [];
  const proof = (from: number, to: number, whole: boolean): Hash[] => {
    if (first === to) return whole ? [] : [rootOf(leafAt, from, to)];
    const middle = from + split(to - from);
    return first <= middle
      ? [...proof(from, middle, whole), rootOf(leafAt, middle, to)]
      : [...proof(middle, to, false), rootOf(leafAt, from, middle)];
  };
  return proof(0, size, true);
}

export interface Inclusion {
  readonly leaf: Hash;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly Hash[];
  readonly root: Hash;
}

/** RFC 9162 section 2.1.3.2. */
export function verifyInclusion({ leaf, index, size, proof, root }: Inclusion): boolean {
  if (!(index >= 0 && index < size)) return false;
  let [node, at, last] = [leaf, index, size - 1];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else node = nodeHash(node, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && node.equals(root);
}

export interface Consistency {
  readonly first: number;
  readonly firstRoot: Hash;
  readonly size: number;
  readonly root: Hash;
  readonly proof: readonly Hash[];
}

/** RFC 9162 section 2.1.4.2. */
export function verifyConsistency({ first, firstRoot, size, root, proof }: Consistency): boolean {
  if (first === 0) return proof.length === 0;
  if (first === size) return proof.length === 0 && firstRoot.equals(root);
  if (first > size) return false;
  let [at, last] = [first - 1, size - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  const path = at === 0 ? [firstRoot, ...proof] : [...proof];
  const start = path.shift();
  if (start === undefined) return false;
  let [old, current] = [start, start];
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [old, current] = [nodeHash(sibling, old), nodeHash(sibling, current)];
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else current = nodeHash(current, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && old.equals(firstRoot) && current.equals(root);
}
