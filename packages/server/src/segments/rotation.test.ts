/** L5: lists of checkpoints are rotated, and a log that a version before the rotation wrote is read and continued. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { openCheckpoint } from '@sallyport/guard/audit';
import { openCheckpointFiles } from './checkpoint-files.ts';
import { realFiles } from './files.ts';
import { checkpointListsOf } from './layout.ts';
import { openAuditLog, type SegmentAuditLog } from './log.ts';
import { notesIn } from './notes.ts';
import { parseResume } from './resume.ts';
import { readRecords, verifyLog } from './verify.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-rotation-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const home = (): string => join(folder, 'acme');
const at = (name: string): string => join(home(), name);
const vkey = (): string => readFileSync(at('vkey'), 'utf8').trim();
const verified = () => verifyLog(home(), vkey());
const record = (id: string): AuditRecord => ({ time: 1, unmapped: { phase: 'outcome', record_id: id } });
const open = (): SegmentAuditLog =>
  openAuditLog({
    folder,
    origin: 'sallyport.test',
    clock: { now: () => 1_700_000_000_000 },
    checkpointEveryMs: 2_000_000_000,
  });
const lists = (): readonly string[] => checkpointListsOf(readdirSync(home()));
const notesOf = (name: string): readonly string[] => [...notesIn([readFileSync(at(name))])];
const sizesOf = (name: string): unknown[] => notesOf(name).map((note) => openCheckpoint(note, vkey())?.size);

/** Two notes have more bytes. */
const LIST_BYTES_MAX = 300;

/** Writes the checkpoints of a log anew, into short lists. @param grown false: a heartbeat. */
async function rewrite(notes: readonly (readonly [note: string, grown: boolean])[]): Promise<void> {
  const resume = parseResume(readFileSync(at('resume'), 'utf8'));
  for (const [note, grown] of notes) {
    // Opened anew for each, as after a restart.
    const files = await openCheckpointFiles(realFiles, home(), vkey(), resume.size, LIST_BYTES_MAX);
    const size = openCheckpoint(note, vkey())?.size ?? 0;
    await files.write({ leaves: Buffer.alloc(0), note, grown, resume: { ...resume, size } });
  }
}

describe('L5: lists of checkpoints', () => {
  beforeEach(async () => {
    const log = open();
    for (let n = 0; n < 7; n++) {
      await log.append('acme', record(`r${n}`));
      await log.checkpoint('acme');
    }
    await log.close();
    const notes = notesOf('checkpoints');
    const resume = readFileSync(at('resume'));
    rmSync(at('checkpoints'));
    await rewrite(notes.flatMap((note) => [[note, true] as const, [note, false] as const]));
    writeFileSync(at('resume'), resume);
  });

  it('are followed by another one when they are full, also over restarts; heartbeats add nothing', async () => {
    expect(lists().map((name) => [name, sizesOf(name)])).toEqual([
      ['checkpoints', [1, 2]],
      ['0000000000000003.checkpoints', [3, 4]],
      ['0000000000000005.checkpoints', [5, 6]],
      ['0000000000000007.checkpoints', [7]],
    ]);
    expect(verified()).toEqual({ records: 7, checkpointed: 7, problems: [] });
    const log = open();
    await log.append('acme', record('later'));
    await log.close();
    expect(sizesOf('0000000000000007.checkpoints')).toEqual([7, 8]);
    expect(verified()).toEqual({ records: 8, checkpointed: 8, problems: [] });
  });

  it.each<[name: string, damage: () => void, says: string]>([
    [
      'the last list is missing',
      () => rmSync(at('0000000000000007.checkpoints')),
      'checkpoint of 7 records is missing',
    ],
    ['the first list is missing', () => rmSync(at('checkpoints')), 'the file is missing'],
    [
      'a note in a list between is altered',
      () =>
        writeFileSync(
          at('0000000000000003.checkpoints'),
          notesOf('checkpoints')
            .map((note) => `${note}\n`)
            .join(''),
        ),
      'is smaller than the one before it',
    ],
  ])('%s: it is named', (_name, damage, says) => {
    damage();
    expect(verified().problems.map(({ what }) => what)).toContainEqual(expect.stringContaining(says));
  });

  it('a list that was torn in the middle stays as it is, and another one begins', async () => {
    const torn = readFileSync(at('0000000000000007.checkpoints')).subarray(0, 100);
    const long = Buffer.concat([Buffer.alloc(70_000, 'x'), torn]);
    writeFileSync(at('0000000000000007.checkpoints'), long);
    const log = open();
    await log.append('acme', record('later'));
    await log.close();
    expect(readFileSync(at('0000000000000007.checkpoints'))).toEqual(long);
    expect(sizesOf('0000000000000008.checkpoints')).toEqual([8]);
  });
});

describe('L5: a log of a version before the rotation, whose frames prove nothing', () => {
  const FILES = JSON.parse(readFileSync(new URL('./testing/older-log.json', import.meta.url), 'utf8')) as Record<
    string,
    string
  >;
  beforeEach(() => {
    for (const [name, content] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), Buffer.from(content, 'base64'), { mode: 0o600 });
    }
  });

  it('is verified as it is', () => expect(verified()).toEqual({ records: 7, checkpointed: 7, problems: [] }));

  it.each([
    ['as it is', () => undefined],
    ['without its hint, as still older versions left it', () => rmSync(at('resume'))],
  ])('%s it is continued: its open intent is closed, and nothing of it is written anew', async (_name, change) => {
    change();
    const log = open();
    await log.append('acme', record('new'));
    await log.close();
    const phases = readRecords(home()).records.map(({ bytes }) => {
      const { unmapped } = JSON.parse(bytes.toString()) as { unmapped: Record<string, string> };
      return [unmapped['record_id'], unmapped['phase'], unmapped['status']];
    });
    expect(phases.slice(0, 7).map(([id]) => id)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6']);
    expect(phases).toContainEqual(['r6', 'outcome', 'unknown']);
    expect(phases).toContainEqual(['new', 'outcome', undefined]);
    expect(verified().problems).toEqual([]);
    const first = Buffer.from(FILES['acme/0000000000000000.seg'] ?? '', 'base64');
    expect(readFileSync(at('0000000000000000.seg'))).toEqual(first);
    expect(statSync(at('checkpoints')).size).toBeGreaterThan(744);
  });
});
