/**
 * L3, L4: what a start refuses and what `audit verify` names of a log that somebody changed with the knowledge of its
 * format: checksums are made to fit, so that only hashes and signatures are left to find it.
 */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { createSigner, leafHash, type Checkpoint } from '@sallyport/guard/audit';
import { openCheckpointFiles } from './checkpoint-files.ts';
import { realFiles } from './files.ts';
import { decodeFrames, encodeFrames } from './frames.ts';
import { checkpointListsOf, firstIndexOf } from './layout.ts';
import { openAuditLog, type SegmentAuditLog } from './log.ts';
import { BEGINNING } from './resume.ts';
import { verifyLog } from './verify.ts';

const HASH_BYTES = 32;
const root = mkdtempSync(join(tmpdir(), 'sallyport-damaged-'));
const written = join(root, 'written');
const folder = join(root, 'audit');
const at = (name: string): string => join(folder, 'acme', name);
const open = (where = folder): SegmentAuditLog =>
  openAuditLog({
    folder: where,
    origin: 'sallyport.test',
    clock: { now: () => 1 },
    segmentBytes: 150,
    checkpointEveryMs: 2_000_000_000,
  });
const record = (id: string, phase = 'outcome'): AuditRecord => ({
  time: 1,
  unmapped: { phase, record_id: id, status: 'success' },
});

/** Seven records under checkpoints, of which one intent is open, in several segments; one more record is under none. */
beforeAll(async () => {
  const log = open(written);
  for (let n = 0; n < 7; n++) {
    await log.append('acme', record(`r${n}`, n === 2 ? 'intent' : 'outcome'));
    await log.checkpoint('acme');
  }
  await log.append('acme', record('r7'));
  cpSync(written, folder, { recursive: true });
  await log.close();
  rmSync(written, { recursive: true });
  renameSync(folder, written);
});
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  cpSync(written, folder, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const segments = (): string[] =>
  readdirSync(join(folder, 'acme'))
    .filter((name) => name.endsWith('.seg'))
    .sort();

/** Writes a segment anew, with checksums that fit. */
function rewrite(name: string, change: (records: Buffer[]) => Buffer[]): void {
  const first = firstIndexOf(name);
  const { frames } = decodeFrames(readFileSync(at(name)), first);
  writeFileSync(at(name), encodeFrames(first, change(frames.map(({ bytes }) => Buffer.from(bytes)))));
}

/** Changes the text of record `index`, and its leaf hash too when asked to. */
function changeRecord(index: number, withLeaf: boolean): void {
  const name = segments().findLast((segment) => firstIndexOf(segment) <= index) ?? '';
  rewrite(name, (records) =>
    records.map((bytes, position) => {
      if (firstIndexOf(name) + position !== index) return bytes;
      const changed = Buffer.from(bytes.toString().replace('"r', '"x'));
      if (withLeaf) writeLeaf(index, leafHash(changed));
      return changed;
    }),
  );
}

function writeLeaf(index: number, hash: Buffer): void {
  const leaves = readFileSync(at('leaves'));
  hash.copy(leaves, index * HASH_BYTES);
  writeFileSync(at('leaves'), leaves);
}

const lastSegment = (): string => segments().at(-1) ?? '';

describe('L3: a start refuses', () => {
  it.each<[name: string, damage: () => void, says: RegExp]>([
    [
      'a record that it reads again and that is another one than was hashed',
      () => changeRecord(2, false),
      /at record 2/,
    ],
    [
      'records that do not give the root of the checkpoint, although their hashes were changed too',
      () => {
        changeRecord(4, true);
        // With the hint a start does not read what lies before it.
        rmSync(at('resume'));
      },
      /do not give the root/,
    ],
    [
      'a checkpoint of another key',
      () => {
        const text = readFileSync(at('checkpoint'), 'utf8');
        writeFileSync(at('checkpoint'), createSigner('sallyport.test/acme', Buffer.alloc(32, 7)).sign(noteOf(text)));
      },
      /not signed by this log/,
    ],
    ['a last segment that is gone', () => rmSync(at(lastSegment())), /inconsistent/],
    ['a segment that is gone from the middle', () => rmSync(at(segments()[1] ?? '')), /inconsistent/],
    [
      'a segment under another number',
      () => {
        const [first = '', second = ''] = segments();
        renameSync(at(second), at(first.replace('0.seg', '9.seg')));
      },
      /inconsistent/,
    ],
    [
      'fewer records than leaf hashes',
      () => appendFileSync(at('leaves'), Buffer.alloc(3 * HASH_BYTES, 7)),
      /acknowledged/,
    ],
    [
      'fewer records than the checkpoint covers',
      () => {
        for (const name of segments().slice(1)) rmSync(at(name));
        for (const name of ['leaves', 'resume']) rmSync(at(name));
      },
      /acknowledged/,
    ],
  ])('%s', async (_name, damage, says) => {
    damage();
    const before = segments().map((name) => readFileSync(at(name)));
    const log = open();
    await expect(log.append('acme', record('later'))).rejects.toThrow(says);
    await log.append('globex', record('other'));
    await log.close();
    expect(segments().map((name) => readFileSync(at(name)))).toEqual(before);
  });

  it('nothing when only the hint is changed, and goes on with the same tree', async () => {
    const hint = JSON.parse(readFileSync(at('resume'), 'utf8')) as { size: number };
    writeFileSync(at('resume'), JSON.stringify({ ...hint, size: hint.size + 1 }));
    const log = open();
    await log.append('acme', record('later'));
    await log.close();
    expect(problems()).toEqual([]);
  });
});

const vkey = (): string => readFileSync(join(written, 'acme', 'vkey'), 'utf8').trim();
const problems = (outside: readonly Checkpoint[] = [], key = vkey()): string[] =>
  verifyLog(join(folder, 'acme'), key, outside).problems.map(({ file, what }) => `${file}: ${what}`);

function noteOf(note: string): Pick<Checkpoint, 'size' | 'root'> {
  const [, size = '', rootText = ''] = note.split('\n');
  return { size: Number(size), root: Buffer.from(rootText, 'base64') };
}

const notes = (): string[] =>
  readFileSync(at('checkpoints'), 'utf8')
    .split(/(?<=\n— [^\n]+\n)\n/)
    .filter(Boolean);
const list = (kept: readonly string[]): void =>
  writeFileSync(at('checkpoints'), kept.map((note) => `${note}\n`).join(''));
const changeHint = (more: (hint: { peaks: string[]; from: { offset: number } }) => object): void =>
  writeFileSync(at('resume'), JSON.stringify(more(JSON.parse(readFileSync(at('resume'), 'utf8')))));

describe('L4: verify names', () => {
  it.each<[name: string, damage: () => void, says: RegExp]>([
    ['a changed record', () => changeRecord(1, false), /leaf hash does not match/],
    ['a changed record whose hash was changed too', () => changeRecord(1, true), /changed after it was checkpointed/],
    [
      'records that were cut off',
      () =>
        segments()
          .slice(-2)
          .forEach((name) => rmSync(at(name))),
      /was cut off/,
    ],
    ['a segment that was taken out', () => rmSync(at(segments()[1] ?? '')), /missing, doubled or out of order/],
    ['hashes that are missing', () => writeFileSync(at('leaves'), readFileSync(at('leaves')).subarray(32)), /missing/],
    ['a torn hash', () => appendFileSync(at('leaves'), 'x'), /cut off inside a hash/],
    ['another public key', () => writeFileSync(at('vkey'), 'other\n'), /another public key/],
    ['notes that shrink', () => list([...notes(), ...notes().slice(0, 1)]), /is smaller than the one before it/],
    ['a note twice', () => list([...notes(), ...notes().slice(-1)]), /repeats the one before it/],
    ['a note of another key', () => list([...notes(), notes()[0]?.replace('AAA', 'BBB') ?? '', 'x']), /not signed/],
    ['an older checkpoint', () => writeFileSync(at('checkpoint'), notes()[0] ?? ''), /checkpoint: .*is smaller/],
    ['a missing checkpoint', () => rmSync(at('checkpoint')), /^checkpoint: the file is missing/m],
    ['a missing list', () => rmSync(at('checkpoints')), /^checkpoints: the file is missing/m],
    ['a missing hint', () => rmSync(at('resume')), /^resume: the file is missing/m],
    ['a hint that cannot be read', () => writeFileSync(at('resume'), '{'), /resume: it cannot be read/],
    [
      'a hint with other hashes',
      () => changeHint((hint) => ({ ...hint, peaks: hint.peaks.map(() => 'ab'.repeat(32)) })),
      /its hashes are not those/,
    ],
    [
      'a hint at no record',
      () => changeHint((hint) => ({ ...hint, from: { ...hint.from, offset: hint.from.offset + 1 } })),
      /points at no record/,
    ],
  ])('%s', (_name, damage, says) => {
    expect(problems()).toEqual([]);
    damage();
    expect(problems().join('\n')).toMatch(says);
  });

  it('what only a checkpoint kept elsewhere can show', () => {
    const last = { origin: 'sallyport.test/acme', ...noteOf(readFileSync(at('checkpoint'), 'utf8')) };
    expect(problems([last])).toEqual([]);
    expect(problems([{ ...last, root: Buffer.alloc(32) }]).join()).toContain('was written anew');
    expect(problems([last, { ...last, root: Buffer.alloc(32) }]).join()).toContain('was written anew');
    expect(problems([{ ...last, size: last.size + 5 }]).join()).toContain('an older copy took its place');
  });

  it('nothing of a log whose checkpoint was signed again without new records', async () => {
    const log = open();
    for (let time = 0; time < 3; time++) await log.probe();
    await log.close();
    expect(verifyLog(join(folder, '_'), readFileSync(join(folder, '_', 'vkey'), 'utf8')).problems).toEqual([]);
  });
});

it('L5 a list of checkpoints that is long enough is followed by another one', async () => {
  const signer = createSigner('sallyport.test/rotated', Buffer.alloc(32, 7));
  const rotated = join(root, 'rotated');
  await realFiles.makeFolder(rotated);
  const files = await openCheckpointFiles(realFiles, rotated, signer.vkey, 0, 500);
  for (let size = 1; size <= 9; size++) {
    const note = signer.sign({ size, root: Buffer.alloc(32) });
    await files.write({ leaves: Buffer.alloc(32), note, grown: true, resume: { ...BEGINNING, size } });
  }
  const lists = checkpointListsOf(readdirSync(rotated));
  expect(lists.length).toBeGreaterThan(2);
  expect(lists.map((name) => readFileSync(join(rotated, name), 'utf8').split('— ').length - 1)).not.toContain(0);
});
