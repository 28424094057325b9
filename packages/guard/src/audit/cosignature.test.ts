/** L4: a cosignature is one of this witness, over this checkpoint and its time; nothing else counts. */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSigner } from './checkpoint.ts';
import { cosignedAtMs, parseWitnessKey } from './cosignature.ts';
import { leafHash } from './tree.ts';

const log = createSigner('sallyport.test/acme', Buffer.alloc(32, 7));
const note = log.sign({ size: 12, root: leafHash(Buffer.from('x')) });
const text = note.slice(0, note.indexOf('\n\n') + 1);

/** A witness as the text of the specification has it. */
function witness(name: string, seed: number) {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const typed = Buffer.concat([Buffer.from([4]), spki.subarray(-32)]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4);
  const line = (
    seconds: bigint,
    signed = `cosignature/v1\ntime ${seconds}\n${text}`,
    more = Buffer.alloc(0),
  ): string => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(seconds);
    const raw = Buffer.concat([id, time, sign(null, Buffer.from(signed), key), more]);
    return `— ${name} ${raw.toString('base64')}\n`;
  };
  return { vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`, line };
}

const ours = witness('witness.test/w1', 1);
const other = witness('witness.test/w1', 2);

describe('L4: a cosignature', () => {
  it('is found among the signatures of others, with its time', () => {
    expect(cosignedAtMs(note + ours.line(1_679_315_147n), ours.vkey)).toBe(1_679_315_147_000);
    expect(cosignedAtMs(note + other.line(5n) + ours.line(6n), ours.vkey)).toBe(6_000);
    expect(parseWitnessKey(ours.vkey).name).toBe('witness.test/w1');
  });

  it.each<[name: string, lines: string]>([
    ['none', ''],
    ['of another key with its name', other.line(5n)],
    ['under another name', ours.line(5n).replace('w1', 'w2')],
    ['of another checkpoint', ours.line(5n, `cosignature/v1\ntime 5\n${text.replace('12', '13')}`)],
    ['with another time than the one that was signed', ours.line(5n, `cosignature/v1\ntime 6\n${text}`)],
    ['without a time', ours.line(5n, text)],
    ['with a byte more', ours.line(5n, undefined, Buffer.alloc(1))],
    ['in another spelling', ours.line(5n).replace('\n', '=\n')],
  ])('%s does not count', (_name, lines) => expect(cosignedAtMs(note + lines, ours.vkey)).toBeUndefined());

  it('the key of a log is not the key of a witness', () => {
    expect(() => parseWitnessKey(log.vkey)).toThrow('not a verifier key');
    expect(() => parseWitnessKey(ours.vkey.replace('w1', 'w2'))).toThrow('not a verifier key');
  });
});
