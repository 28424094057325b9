/** L6, L7: the folder of a log vanishes while it is written to; the clock is set back and forth, or stands still. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { realFiles, type LogFiles } from './files.ts';
import { openAuditLog, type SegmentAuditLog } from './log.ts';
import { readRecords, verifyLog } from './verify.ts';

let root: string;
let folder: string;
let nowMs: number;
let wallMs: number;
let said: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sallyport-gone-'));
  folder = join(root, 'audit');
  nowMs = 0;
  wallMs = 1_700_000_000_000;
  said = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const record = (id: string): AuditRecord => ({ time: 1, unmapped: { phase: 'outcome', record_id: id } });
const open = (files: LogFiles = realFiles): SegmentAuditLog =>
  openAuditLog({
    folder,
    origin: 'sallyport.test',
    clock: { now: () => wallMs },
    monotonicMs: () => nowMs,
    checkpointEveryMs: 2_000_000_000,
    files,
    log: (level, message, fields) => said.push(`${level}: ${message} (${String(fields?.['tenant'])})`),
  });
const home = (): string => join(folder, 'acme');
const ids = (): unknown[] =>
  readRecords(home()).records.map(
    ({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: { record_id: string } }).unmapped.record_id,
  );
const problems = () => verifyLog(home(), readFileSync(join(home(), 'vkey'), 'utf8')).problems;

const STOPPED = 'error: the audit log stopped: calls of this tenant are refused (acme)';

describe('L6: the folder is gone', () => {
  it.each<[string, () => void, () => void]>([
    ['deleted', () => rmSync(home(), { recursive: true }), () => undefined],
    ['renamed and back', () => renameSync(home(), join(root, 'away')), () => renameSync(join(root, 'away'), home())],
    [
      'copied elsewhere and back, as with a mount',
      () => {
        cpSync(home(), join(root, 'away'), { recursive: true });
        rmSync(home(), { recursive: true });
      },
      () => renameSync(join(root, 'away'), home()),
    ],
    [
      'replaced by an empty one',
      () => {
        renameSync(home(), join(root, 'away'));
        mkdirSync(home());
      },
      () => {
        rmSync(home(), { recursive: true });
        renameSync(join(root, 'away'), home());
      },
    ],
    [
      'the folder of all tenants renamed',
      () => renameSync(folder, join(root, 'away')),
      () => renameSync(join(root, 'away'), folder),
    ],
  ])('%s: records are refused and no log begins anew; it says so', async (name, vanish, comeBack) => {
    const log = open();
    await log.append('acme', record('first'));
    await log.checkpoint('acme');
    await log.append('acme', record('second'));
    vanish();
    await expect(log.append('acme', record('refused'))).rejects.toThrow(/is not the file it was/);
    nowMs += 60_000;
    await expect(log.append('acme', record('refused'))).rejects.toThrow();
    expect(log.faults().get('acme')).toBeInstanceOf(Error);
    expect(said).toEqual([STOPPED]);
    if (name === 'deleted') expect(readdirSync(folder)).not.toContain('acme');
    comeBack();
    nowMs += 60_000;
    if (name === 'deleted') await expect(log.append('acme', record('refused'))).rejects.toThrow(/gone/);
    else {
      await log.append('acme', record('after'));
      expect(said.at(-1)).toBe('info: the audit log records again (acme)');
    }
    await log.close();
    if (name === 'deleted') return;
    expect(problems()).toEqual([]);
    expect(ids()).toEqual(expect.arrayContaining(['first', 'second', 'after']));
    expect(ids().filter((id) => id === 'refused').length).toBeLessThanOrEqual(1);
  });

  it('no log of a new tenant begins in a folder that took the place of the old one', async () => {
    const log = open();
    await log.append('acme', record('first'));
    renameSync(folder, join(root, 'away'));
    mkdirSync(folder);
    await expect(log.append('globex', record('first'))).rejects.toThrow(/is not the one it was/);
    expect(readdirSync(folder)).toEqual([]);
    await log.close();
  });
});

it('L7: the pause after a failure is of the monotonic clock, whatever the wall clock does', async () => {
  let fails = false;
  const log = open({
    ...realFiles,
    sync: async (fd) => {
      if (fails) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      await realFiles.sync(fd);
    },
  });
  await log.append('acme', record('first'));
  for (const set of [-86_400_000, 86_400_000, 0]) {
    fails = true;
    await expect(log.append('acme', record('refused'))).rejects.toThrow('EIO');
    wallMs += set;
    fails = false;
    await expect(log.append('acme', record('refused'))).rejects.toThrow('EIO');
    nowMs += 2_000;
    await log.append('acme', record('after'));
  }
  await log.close();
  expect(problems()).toEqual([]);
  expect(ids()).not.toContain('refused');
  const recoveries = readRecords(home()).records.filter(({ bytes }) => bytes.includes('audit.recovery'));
  expect(recoveries.length).toBe(3);
  expect(recoveries[0]?.bytes.toString()).toContain('"cause":"EIO"');
});
