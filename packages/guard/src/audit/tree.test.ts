import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSigner, openCheckpoint } from './checkpoint.ts';
import {
  consistencyProof,
  consistencyProofInParts,
  createFrontier,
  inclusionProof,
  inclusionProofInParts,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './tree.ts';

/** The inputs and roots of the Certificate Transparency reference implementations. */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => Buffer.from(hex, 'hex'),
);
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** A second implementation, straight from the text of RFC 6962 section 2.1. */
function mth(leaves: readonly Buffer[]): Buffer {
  const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return sha(Buffer.from([0]), leaves[0] as Buffer);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.from([1]), mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

const entries = (size: number): Buffer[] => Array.from({ length: size }, (_, index) => Buffer.from(`entry ${index}`));
const leavesOf = (all: readonly Buffer[]) => {
  const hashes = all.map(leafHash);
  return (index: number) => hashes[index] as Buffer;
};

describe('RFC 6962 tree', () => {
  it.each(ROOTS.map((root, index) => [index + 1, root] as const))('the reference root of %i leaves', (size, root) => {
    const frontier = createFrontier();
    for (const input of INPUTS.slice(0, size)) frontier.append(leafHash(input));
    expect(frontier.root().toString('hex')).toBe(root);
  });

  it('agrees with a second implementation for every size up to 130', () => {
    const frontier = createFrontier();
    const all = entries(130);
    for (let size = 0; size <= 130; size++) {
      expect(frontier.root().equals(mth(all.slice(0, size)))).toBe(true);
      if (size < 130) frontier.append(leafHash(all[size] as Buffer));
    }
  });

  it('proves every leaf of every size up to 40, and nothing else', () => {
    const all = entries(40);
    const leafAt = leavesOf(all);
    for (let size = 1; size <= 40; size++) {
      const root = mth(all.slice(0, size));
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(leafAt, index, size);
        expect(verifyInclusion({ leaf: leafAt(index), index, size, proof, root })).toBe(true);
        expect(verifyInclusion({ leaf: leafHash(Buffer.from('other')), index, size, proof, root })).toBe(false);
        if (size > 1)
          expect(verifyInclusion({ leaf: leafAt(index), index: (index + 1) % size, size, proof, root })).toBe(false);
      }
    }
  });

  it('proves consistency for all m <= n up to 40, and for no other first root', () => {
    const all = entries(40);
    const leafAt = leavesOf(all);
    for (let size = 1; size <= 40; size++) {
      for (let first = 1; first <= size; first++) {
        const proof = consistencyProof(leafAt, first, size);
        const [firstRoot, root] = [mth(all.slice(0, first)), mth(all.slice(0, size))];
        expect(verifyConsistency({ first, firstRoot, size, root, proof })).toBe(true);
        expect(verifyConsistency({ first, firstRoot: leafHash(Buffer.from('fork')), size, root, proof })).toBe(false);
      }
    }
  });

  it('L5 proofs over leaves that are read once are the same, for all sizes up to 40', () => {
    const leafAt = leavesOf(entries(42));
    for (let size = 1; size <= 40; size++)
      for (let index = 0; index < size; index++) {
        const [inclusion, consistency] = [inclusionProofInParts(index, size), consistencyProofInParts(index, size)];
        // What follows the tree does not count.
        for (let at = 0; at < 42; at++) for (const proof of [inclusion, consistency]) proof.append(leafAt(at));
        expect(inclusion.hashes()).toEqual(inclusionProof(leafAt, index, size));
        expect(consistency.hashes()).toEqual(consistencyProof(leafAt, index, size));
      }
  });

  it('refuses every changed proof', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(), fc.nat(), fc.nat(255), (size, at, bit, which) => {
        const all = entries(size);
        const leafAt = leavesOf(all);
        const index = at % size;
        const proof = inclusionProof(leafAt, index, size).map((hash) => Buffer.from(hash));
        const victim = proof[bit % proof.length] as Buffer;
        victim[which % 32] = (victim[which % 32] as number) ^ (1 << (bit % 8));
        expect(verifyInclusion({ leaf: leafAt(index), index, size, proof, root: rootOf(leafAt, 0, size) })).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe('checkpoints', () => {
  const signer = createSigner('sallyport.test/log', Buffer.alloc(32, 7));
  const root = leafHash(Buffer.from('x'));

  it('open with the key that signed them', () => {
    const note = signer.sign({ size: 12, root });
    expect(note).toMatch(/^sallyport\.test\/log\n12\n[A-Za-z\d+/=]{44}\n\n— sallyport\.test\/log [A-Za-z\d+/=]+\n$/);
    expect(openCheckpoint(note, signer.vkey)).toEqual({ origin: 'sallyport.test/log', size: 12, root });
  });

  it('do not open after one bit was flipped, or with another key', () => {
    const note = Buffer.from(signer.sign({ size: 12, root }));
    for (let bit = 0; bit < note.length * 8; bit++) {
      const changed = Buffer.from(note);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(openCheckpoint(changed.toString(), signer.vkey), `bit ${bit}`).toBeUndefined();
    }
    expect(
      openCheckpoint(note.toString(), createSigner('sallyport.test/log', Buffer.alloc(32, 8)).vkey),
    ).toBeUndefined();
  });
});
