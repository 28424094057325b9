/**
 * A34: a note that was not signed by this key for this log says nothing, however much of it is right; a proof proves
 * one thing.
 */
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSigner, openCheckpoint, parseVkey } from './checkpoint.ts';
import { consistencyProof, inclusionProof, leafHash, verifyConsistency, verifyInclusion } from './tree.ts';

const NAME = 'sallyport.test/log';
const SEED = Buffer.alloc(32, 7);
const signer = createSigner(NAME, SEED);
const root = leafHash(Buffer.from('x'));
const key = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), SEED]),
  format: 'der',
  type: 'pkcs8',
});
const id = Buffer.from(signer.vkey.split('+')[1] as string, 'hex');
const publicKey = Buffer.from(signer.vkey.slice(NAME.length + 10), 'base64').subarray(1);

/** A note as the holder of the key could have signed it, with any text. */
const signed = (text: string, name = NAME): string =>
  `${text}\n— ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), key)]).toString('base64')}\n`;
const body = (size: string | number, hash = root.toString('base64'), origin = NAME): string =>
  `${origin}\n${size}\n${hash}\n`;
const note = signer.sign({ size: 12, root });
const stranger = createSigner(NAME, Buffer.alloc(32, 8));
const other = createSigner('sallyport.test/other', SEED);

const withSignature = (signature: Buffer): string => `${body(12)}\n— ${NAME} ${signature.toString('base64')}\n`;

describe('a checkpoint', () => {
  it('equals a note signed by hand, and each row below changes one thing in it', () => {
    expect(signed(body(12))).toBe(note);
    expect(openCheckpoint(note, signer.vkey)).toEqual({ origin: NAME, size: 12, root });
    expect(openCheckpoint(signer.sign({ size: 0, root }), signer.vkey)?.size).toBe(0);
  });

  it.each<[name: string, text: string]>([
    ['of another log, signed with our key', signed(body(12, undefined, 'sallyport.test/other'))],
    ['of another log, named like ours in the signature', signed(body(12, undefined, 'other'))],
    ['with a signature of our key under another name', signed(body(12), 'other')],
    ['a size with a zero before it', signed(body('012'))],
    ['an empty size', signed(body(''))],
    ['a size with a sign', signed(body('+12'))],
    ['a negative size', signed(body('-1'))],
    ['a size that no number holds', signed(body('99999999999999999'))],
    ['a size in hexadecimal', signed(body('0xc'))],
    ['a fraction', signed(body('12.0'))],
    ['a root of 31 bytes', signed(body(12, Buffer.alloc(31).toString('base64')))],
    ['a root of 33 bytes', signed(body(12, Buffer.alloc(33).toString('base64')))],
    ['a root without padding', signed(body(12, root.toString('base64').replace('=', '')))],
    ['a root in base64url', signed(body(12, Buffer.alloc(32, 0xff).toString('base64url')))],
    ['a root with a space', signed(body(12, ` ${root.toString('base64')}`))],
    ['no root', signed(`${NAME}\n12\n`)],
    ['a line more', signed(`${body(12)}extension\n`)],
    ['a second note behind it', note + note],
    ['text behind the signatures', `${note}more\n`],
    ['text behind them without a newline', `${note}more`],
    ['no newline at the end', note.slice(0, -1)],
    ['a newline more', `${note}\n`],
    ['a line that is no signature', `${note}- x AAAA\n`],
    ['a carriage return', note.replaceAll('\n', '\r\n')],
    ['no signature', `${body(12)}\n`],
    ['a signature that is empty', `${body(12)}\n— ${NAME} \n`],
    ['another key id', withSignature(Buffer.concat([Buffer.alloc(4), sign(null, Buffer.from(body(12)), key)]))],
    [
      'a signature of something else',
      `${body(12)}\n— ${NAME} ${Buffer.concat([id, sign(null, Buffer.from(body(13)), key)]).toString('base64')}\n`,
    ],
    [
      'a signature with a byte more',
      withSignature(Buffer.concat([id, sign(null, Buffer.from(body(12)), key), Buffer.alloc(1)])),
    ],
    [
      'a signature that is cut off',
      `${body(12)}\n— ${NAME} ${Buffer.concat([id, sign(null, Buffer.from(body(12)), key)])
        .subarray(0, 60)
        .toString('base64')}\n`,
    ],
    ['signed by a stranger with our name', stranger.sign({ size: 12, root })],
    ['signed by our key for another log', other.sign({ size: 12, root })],
    ['nothing', ''],
    ['two newlines', '\n\n'],
  ])('%s does not open', (_name, text) => expect(openCheckpoint(text, signer.vkey)).toBeUndefined());

  it('opens when witnesses have signed the same text as well', () => {
    const witness = stranger.sign({ size: 12, root }).split('\n\n')[1]?.replace(NAME, 'witness') as string;
    expect(openCheckpoint(note + witness, signer.vkey)?.size).toBe(12);
    expect(openCheckpoint(note.split('\n\n')[0] + `\n\n${witness}`, signer.vkey)).toBeUndefined();
  });
});

describe('keys', () => {
  it.each(['', 'a b', 'a+b', 'a\nb', 'a\u00a0b', ' '])('a log cannot have the name %j', (name) =>
    expect(() => createSigner(name, SEED)).toThrow(RangeError),
  );

  const keyIdOf = (name: string, raw: Buffer): string =>
    createHash('sha256').update(name).update('\n').update(raw).digest('hex').slice(0, 8);
  const vkeyOf = (name: string, raw: Buffer, keyId?: string): string =>
    `${name}+${keyId ?? keyIdOf(name, raw)}+${raw.toString('base64')}`;
  it('a verifier key holds its name, the id of name and key, and an Ed25519 key', () => {
    expect(vkeyOf(NAME, Buffer.concat([Buffer.from([1]), publicKey]))).toBe(signer.vkey);
    expect(parseVkey(`${signer.vkey}\n`).name).toBe(NAME);
  });
  it.each<[name: string, vkey: string]>([
    ['another id', vkeyOf(NAME, Buffer.concat([Buffer.from([1]), publicKey]), '00000000')],
    ['another name', signer.vkey.replace(NAME, 'other')],
    ['another kind of key', vkeyOf(NAME, Buffer.concat([Buffer.from([2]), publicKey]))],
    [
      'another kind of key under the id of an Ed25519 key',
      vkeyOf(NAME, Buffer.concat([Buffer.from([2]), publicKey]), id.toString('hex')),
    ],
    ['a key that is short', vkeyOf(NAME, Buffer.concat([Buffer.from([1]), publicKey.subarray(1)]))],
    ['a key that is long', vkeyOf(NAME, Buffer.concat([Buffer.from([1]), publicKey, Buffer.alloc(1)]))],
    ['no id', `${NAME}+${publicKey.toString('base64')}`],
    ['a name with a space', signer.vkey.replace('/', ' ')],
    ['nothing', ''],
  ])('%s is refused', (_name, vkey) => expect(() => parseVkey(vkey)).toThrow(/name\+id\+key/));
});

describe('proofs at the edges', () => {
  const leaves = Array.from({ length: 8 }, (_, at) => leafHash(Buffer.from(`${at}`)));
  const at = (index: number): Buffer => leaves[index] as Buffer;
  const rootAt = (size: number): Buffer => {
    const proof = consistencyProof(at, size, size);
    expect(proof).toEqual([]);
    return inclusionRoot(size);
  };
  const inclusionRoot = (size: number): Buffer => {
    let level = leaves.slice(0, size);
    const node = (left: Buffer, right: Buffer): Buffer =>
      createHash('sha256')
        .update(Buffer.from([1]))
        .update(left)
        .update(right)
        .digest();
    while (level.length > 1)
      level = level.flatMap((one, index) =>
        index % 2 === 1 ? [] : level[index + 1] === undefined ? [one] : [node(one, level[index + 1] as Buffer)],
      );
    return level[0] as Buffer;
  };

  it('an index outside the tree proves nothing', () => {
    for (const [index, size] of [
      [8, 8],
      [-1, 8],
      [0, 0],
      [Number.NaN, 8],
      [5, 1],
      [-1, 1],
    ] as const) {
      expect(verifyInclusion({ leaf: at(0), index, size, proof: [], root: at(0) })).toBe(false);
      expect(() => inclusionProof(at, index, size)).toThrow(RangeError);
    }
    for (const [first, size] of [
      [9, 8],
      [-1, 8],
      [Number.NaN, 8],
    ] as const)
      expect(() => consistencyProof(at, first, size)).toThrow(RangeError);
  });

  it('a proof with one hash too many or too few proves nothing', () => {
    for (let size = 1; size <= 8; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(at, index, size);
        const root = rootAt(size);
        expect(verifyInclusion({ leaf: at(index), index, size, proof, root })).toBe(true);
        for (const wrong of [[...proof, root], [...proof, at(0)], proof.slice(0, -1), proof.slice(1)])
          if (wrong.length !== proof.length)
            expect(verifyInclusion({ leaf: at(index), index, size, proof: wrong, root })).toBe(false);
      }
    }
    for (let size = 2; size <= 8; size++) {
      for (let first = 1; first < size; first++) {
        const proof = consistencyProof(at, first, size);
        const [firstRoot, root] = [rootAt(first), rootAt(size)];
        expect(verifyConsistency({ first, firstRoot, size, root, proof })).toBe(true);
        for (const wrong of [[...proof, root], proof.slice(0, -1), []])
          expect(verifyConsistency({ first, firstRoot, size, root, proof: wrong })).toBe(false);
      }
    }
  });

  it('a prefix of the proof does not prove a smaller tree of the same root', () => {
    const node = (left: Buffer, right: Buffer): Buffer =>
      createHash('sha256')
        .update(Buffer.from([1]))
        .update(left)
        .update(right)
        .digest();
    const small = node(at(0), at(1));
    expect(
      verifyInclusion({ leaf: at(0), index: 0, size: 8, proof: [at(1)], root: small }),
      'the path ends below the root',
    ).toBe(false);
    expect(
      verifyInclusion({ leaf: at(0), index: 0, size: 1, proof: [at(1)], root: small }),
      'the path goes on above it',
    ).toBe(false);
    expect(
      verifyInclusion({ leaf: at(0), index: 0, size: 1, proof: [at(1)], root: node(at(1), at(0)) }),
      'also to the left of it',
    ).toBe(false);
    expect(verifyConsistency({ first: 1, firstRoot: at(0), size: 8, root: small, proof: [at(1)] })).toBe(false);
    const [three, four] = [node(node(at(0), at(1)), at(2)), node(node(at(0), at(1)), node(at(2), at(3)))];
    expect(
      verifyConsistency({ first: 3, firstRoot: three, size: 4, root: four, proof: [at(2), at(3), node(at(0), at(1))] }),
    ).toBe(true);
    expect(
      verifyConsistency({
        first: 3,
        firstRoot: node(at(7), three),
        size: 4,
        root: node(at(7), four),
        proof: [at(2), at(3), node(at(0), at(1)), at(7)],
      }),
      'roots of other trees',
    ).toBe(false);
  });

  it('consistency of the empty tree, the same tree and a larger tree is decided without hashes', () => {
    const [four, eight] = [rootAt(4), rootAt(8)];
    const consistent = (first: number, firstRoot: Buffer, size: number, proof: Buffer[] = []): boolean =>
      verifyConsistency({ first, firstRoot, size, root: size === 8 ? eight : four, proof });
    expect([
      consistent(0, four, 8),
      consistent(0, four, 8, [four]),
      consistent(8, eight, 8),
      consistent(8, four, 8),
      consistent(8, eight, 8, [four]),
      consistent(8, eight, 4),
      consistent(8, four, 4),
      consistent(4, four, 8),
    ]).toEqual([true, false, true, false, false, false, false, false]);
  });
});
