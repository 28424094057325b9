/** L4: the page believes no proof that the log's key does not stand behind. */
import { createPrivateKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createFrontier, createSigner, inclusionProof, leafHash } from '@sallyport/guard/audit';
import { verifyProof, type InclusionProof } from './verify.ts';

const signer = createSigner('sallyport.test/acme', new Uint8Array(32).fill(7));
const other = createSigner('sallyport.test/acme', new Uint8Array(32).fill(8));
const recordAt = (index: number): Buffer => Buffer.from(JSON.stringify({ time: index, who: 'é\u202e<b>' }));

function proofOf(index: number, size: number, signed = signer): InclusionProof {
  const leaves = Array.from({ length: size }, (_, at) => leafHash(recordAt(at)));
  const frontier = createFrontier();
  for (const leaf of leaves) frontier.append(leaf);
  return {
    index,
    size,
    leaf: recordAt(index).toString('base64'),
    leaf_hash: leafHash(recordAt(index)).toString('base64'),
    path: inclusionProof((at) => leaves[at] as Buffer, index, size).map((hash) => hash.toString('base64')),
    checkpoint: signed.sign({ size, root: frontier.root() }),
    key: signed.vkey,
  };
}

describe('a proof of the log', () => {
  it.each([1, 2, 3, 7, 8, 9, 33])('holds for every record of %i', async (size) => {
    for (let index = 0; index < size; index++) {
      const verdict = await verifyProof(proofOf(index, size), { index, key: signer.vkey });
      expect(verdict).toMatchObject({ holds: true, size, record: recordAt(index).toString() });
    }
  });
  it('holds with the signature of a witness beside it', async () => {
    const proof = proofOf(2, 5);
    const witness =
      other
        .sign({ size: 5, root: Buffer.alloc(32) })
        .split('\n')
        .at(-2) ?? '';
    const checkpoint = `${proof.checkpoint}${witness.replace('sallyport.test/acme', 'witness.test')}\n`;
    expect((await verifyProof({ ...proof, checkpoint }, { index: 2 })).holds).toBe(true);
  });
});

const flipped = (base64: string): string => {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes.toString('base64');
};
const good = proofOf(5, 11);
const [first = '', ...rest] = good.path;

describe('L4 a proof that was tampered with does not hold', () => {
  it.each<[what: string, change: Partial<InclusionProof>, why: string]>([
    ['another record', { leaf: flipped(good.leaf) }, 'leaf_hash_differs'],
    ['another hash', { leaf_hash: flipped(good.leaf_hash) }, 'leaf_hash_differs'],
    [
      'a record with its own hash',
      { leaf: recordAt(6).toString('base64'), leaf_hash: leafHash(recordAt(6)).toString('base64') },
      'path_wrong',
    ],
    ['a changed path', { path: [flipped(first), ...rest] }, 'path_wrong'],
    ['a shorter path', { path: rest }, 'path_wrong'],
    ['a longer path', { path: [...good.path, first] }, 'path_wrong'],
    ['a path in another order', { path: [...rest, first] }, 'path_wrong'],
    ['an empty path', { path: [] }, 'path_wrong'],
    ['a hash that is too short', { path: [Buffer.alloc(31).toString('base64'), ...rest] }, 'malformed'],
    ['another spelling of base64', { path: [first.replace(/=$/, ''), ...rest] }, 'malformed'],
    ['another size', { size: 12 }, 'size_differs'],
    ['a size below the index', { size: 5 }, 'malformed'],
    ['the checkpoint of another tree', { checkpoint: proofOf(5, 12).checkpoint }, 'size_differs'],
    [
      'a checkpoint of the same size by another key',
      { checkpoint: proofOf(5, 11, other).checkpoint },
      'signature_wrong',
    ],
    ['another key', { key: other.vkey }, 'signature_wrong'],
    ['no key', { key: '' }, 'signature_wrong'],
    ['a key under a wrong id', { key: signer.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+') }, 'signature_wrong'],
    [
      'a changed root',
      { checkpoint: good.checkpoint.replace(/\n\S{43}=\n/, `\n${'A'.repeat(43)}=\n`) },
      'signature_wrong',
    ],
    ['a changed size in the note', { checkpoint: good.checkpoint.replace('\n11\n', '\n12\n') }, 'signature_wrong'],
    ['another origin', { checkpoint: good.checkpoint.replaceAll('acme', 'acmf') }, 'signature_wrong'],
    ['a line more', { checkpoint: good.checkpoint.replace('\n\n', '\nmore\n\n') }, 'checkpoint_malformed'],
    ['a second note behind it', { checkpoint: `${good.checkpoint}\nx\n` }, 'checkpoint_malformed'],
    ['no signature', { checkpoint: good.checkpoint.split('\n—')[0] ?? '' }, 'checkpoint_malformed'],
    [
      'a size in another spelling',
      { checkpoint: good.checkpoint.replace('\n11\n', '\n011\n') },
      'checkpoint_malformed',
    ],
    ['no checkpoint', { checkpoint: '' }, 'checkpoint_malformed'],
    ['an index that is no number', { index: Number.NaN }, 'other_record'],
  ])('%s', async (_what, change, why) => {
    expect(await verifyProof({ ...good, ...change }, { index: 5 })).toEqual({ holds: false, why });
  });

  it('a good proof of another record or another log is none of this one', async () => {
    expect(await verifyProof(good, { index: 4 })).toEqual({ holds: false, why: 'other_record' });
    expect(await verifyProof(proofOf(5, 11, other), { index: 5, key: signer.vkey })).toEqual({
      holds: false,
      why: 'other_record',
    });
  });

  it('a key under another id than its own is refused, also where the signature has that id', async () => {
    const [text = '', line = ''] = good.checkpoint.split('\n\n');
    const [dash = '', name = '', signature = ''] = line.trim().split(' ');
    const raw = Buffer.from(signature, 'base64').fill(0, 0, 4);
    const checkpoint = `${text}\n\n${dash} ${name} ${raw.toString('base64')}\n`;
    const key = signer.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+');
    expect(await verifyProof({ ...good, checkpoint, key }, { index: 5 })).toEqual({
      holds: false,
      why: 'signature_wrong',
    });
  });

  it('a checkpoint that the key of another log signed is refused', async () => {
    const seed = Buffer.alloc(32, 9);
    const foreign = createSigner('other.test/log', seed);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const text = `${good.checkpoint.split('\n\n')[0] ?? ''}\n`;
    const signature = sign(null, Buffer.from(text), createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    const id = Buffer.from(foreign.vkey.split('+')[1] ?? '', 'hex');
    const line = `— ${foreign.origin} ${Buffer.concat([id, signature]).toString('base64')}`;
    const proof = { ...good, checkpoint: `${text}\n${line}\n`, key: foreign.vkey };
    expect(await verifyProof(proof, { index: 5 })).toEqual({ holds: false, why: 'signature_wrong' });
  });
});
