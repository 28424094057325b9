/**
 * L2, L3: what a power failure leaves at the end of a log. A log whose last commit was never acknowledged opens
 * whatever became of its pages; one that lost what was acknowledged stops its tenant alone, and nothing of it is cut
 * off.
 */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { encodeFrames } from './frames.ts';
import { openAuditLog, type SegmentAuditLog } from './log.ts';
import { readRecords, verifyLog } from './verify.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sallyport-torn-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const PAGE_BYTES = 4_096;
const record = (id: string, bytes: number): AuditRecord => ({
  time: 1,
  unmapped: { phase: 'outcome', record_id: id, status: 'success', filler: 'x'.repeat(bytes) },
});
const open = (folder: string): SegmentAuditLog =>
  openAuditLog({ folder, origin: 'sallyport.test', clock: { now: () => 1 }, checkpointEveryMs: 2_000_000_000 });
const home = (folder: string): string => join(folder, 'acme');
const segment = (folder: string): string => join(home(folder), '0000000000000000.seg');
const problems = (folder: string) => verifyLog(home(folder), readFileSync(join(home(folder), 'vkey'), 'utf8')).problems;
const unmapped = (folder: string) =>
  readRecords(home(folder)).records.map(
    ({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: Record<string, unknown> }).unmapped,
  );

/** A generator of numbers below `limit`, the same for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** A log of two acknowledged commits, as it was when the process was killed; the second is under no checkpoint. */
async function killed(folder: string): Promise<void> {
  const live = join(root, 'live');
  const log = open(live);
  await Promise.all([log.append('acme', record('a0', 900)), log.append('acme', record('a1', 4_000))]);
  await log.checkpoint('acme');
  await log.append('acme', record('a2', 700));
  cpSync(live, folder, { recursive: true });
  await log.close();
  rmSync(live, { recursive: true });
}

const TORN = ['zeros', 'garbage', 'lost pages', 'cut off', 'longer'] as const;

/** What is on the disk of a commit that was written and not synced. */
function torn(kind: (typeof TORN)[number], frames: Buffer, at: number, below: (limit: number) => number): Buffer {
  if (kind === 'cut off') return frames.subarray(0, below(frames.length));
  if (kind === 'zeros') return Buffer.alloc(1 + below(3 * PAGE_BYTES));
  if (kind === 'longer') return Buffer.concat([frames.subarray(0, below(frames.length)), Buffer.alloc(PAGE_BYTES)]);
  if (kind === 'garbage') return Buffer.from(Array.from({ length: 1 + below(9_000) }, () => below(256)));
  const left = Buffer.from(frames);
  for (let page = Math.ceil(at / PAGE_BYTES) * PAGE_BYTES - at; page < left.length; page += PAGE_BYTES)
    if (below(2) === 0) left.fill(0, page, Math.min(left.length, page + PAGE_BYTES));
  return left;
}

describe('L2: a commit that was never acknowledged', () => {
  it.each(TORN)('%s: is set aside, the log opens and records, and says so', { timeout: 120_000 }, async (kind) => {
    const base = join(root, 'base');
    await killed(base);
    const end = statSync(segment(base)).size;
    for (let seed = 1; seed <= 40; seed++) {
      const below = numbers(seed);
      const folder = join(root, 'cut');
      cpSync(base, folder, { recursive: true });
      const lost = Array.from({ length: 1 + below(6) }, (_, n) =>
        Buffer.from(JSON.stringify(record(`lost${n}`, below(6_000)))),
      );
      const tail = torn(kind, encodeFrames(3, lost), end, below);
      appendFileSync(segment(folder), tail);
      const log = open(folder);
      await log.append('acme', record('after', 10));
      await log.close();
      const what = `${kind}, seed ${seed}`;
      expect(problems(folder), what).toEqual([]);
      const records = unmapped(folder);
      const ids = records.map((fields) => fields['record_id']);
      for (const id of ['a0', 'a1', 'a2', 'after']) expect(ids, what).toContain(id);
      const aside = readdirSync(home(folder)).filter((name) => name.endsWith('.set-aside'));
      const moved = Buffer.concat(aside.map((name) => readFileSync(join(home(folder), name))));
      const kept = lost
        .filter((_, n) => ids.includes(`lost${n}`))
        .reduce((bytes, { length }) => bytes + 16 + length, 0);
      expect(moved, what).toEqual(tail.subarray(kept));
      if (moved.length > 0)
        expect(
          records.map((fields) => fields['set_aside_bytes']),
          what,
        ).toContain(moved.length);
      rmSync(folder, { recursive: true });
    }
  });
});

describe('L3: damage to what was acknowledged', () => {
  const refused = async (folder: string): Promise<void> => {
    const before = readFileSync(segment(folder));
    // Without the hint everything is read, also what lies before the last checkpoint.
    rmSync(join(home(folder), 'resume'), { force: true });
    const log = open(folder);
    await expect(log.append('acme', record('after', 10))).rejects.toThrow(/acme is inconsistent at record \d+/);
    await log.append('globex', record('other', 10));
    await log.close();
    expect(readFileSync(segment(folder))).toEqual(before);
  };

  it('a flipped bit of any length, followed by a later commit, cuts nothing off', async () => {
    const base = join(root, 'base');
    await killed(base);
    const bytes = readFileSync(segment(base));
    const later = encodeFrames(3, [Buffer.from(JSON.stringify(record('a3', 10)))]);
    const whole = Buffer.concat([bytes, later]);
    const second = 16 + (bytes.readUInt32BE(0) & 0x7fff_ffff);
    const third = second + 16 + (bytes.readUInt32BE(second) & 0x7fff_ffff);
    for (const at of [0, second, third])
      for (let bit = 0; bit < 32; bit += 5) {
        const changed = Buffer.from(whole);
        changed[at + (bit >> 3)] = (changed[at + (bit >> 3)] as number) ^ (1 << (bit & 7));
        writeFileSync(segment(base), changed);
        await refused(base);
      }
    writeFileSync(segment(base), whole);
    const log = open(base);
    await log.append('acme', record('after', 10));
    await log.close();
    expect(problems(base)).toEqual([]);
  });

  it('pages of zeros under the last checkpoint, and segments that are gone', async () => {
    const base = join(root, 'base');
    await killed(base);
    const bytes = readFileSync(segment(base));
    writeFileSync(segment(base), Buffer.from(bytes).fill(0, 100, 900));
    await refused(base);
    writeFileSync(segment(base), '');
    await refused(base);
  });
});

it('a list of checkpoints whose end is torn goes on behind the last whole one', async () => {
  const base = join(root, 'base');
  await killed(base);
  const list = join(home(base), 'checkpoints');
  const note = readFileSync(list);
  for (const tail of [note.subarray(0, 40), Buffer.alloc(300), Buffer.from('— ')]) {
    appendFileSync(list, tail);
    const log = open(base);
    await log.append('acme', record('after', 10));
    await log.close();
    expect(problems(base)).toEqual([]);
  }
});
