import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { tenantFolder } from './layout.ts';
import { openAuditLog, type SegmentAuditLog } from './log.ts';
import { readRecords, verifyLog } from './verify.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-resume-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = { now: () => 1_700_000_000_000 };
const record = (id: string, phase: string): AuditRecord => ({
  time: 1,
  unmapped: { phase, record_id: id, status: 'success' },
});
const open = (): SegmentAuditLog => openAuditLog({ folder, origin: 'sallyport.test', clock, segmentBytes: 600 });
const home = (): string => tenantFolder(folder, 'acme');
const segments = (): string[] =>
  readdirSync(home())
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(home(), name));
const verified = () => verifyLog(home(), readFileSync(join(home(), 'vkey'), 'utf8').trim());

async function written(count: number): Promise<void> {
  const log = open();
  for (let n = 0; n < count; n++) {
    await log.append('acme', record(`r${n}`, 'outcome'));
    if (n % 3 === 2) await log.checkpoint('acme');
  }
  await log.close();
}

/** What a start after a crash finds: the files as they were at that moment. */
async function crashed(log: SegmentAuditLog): Promise<void> {
  const copy = `${folder}-copy`;
  cpSync(folder, copy, { recursive: true });
  await log.close();
  rmSync(folder, { recursive: true });
  cpSync(copy, folder, { recursive: true });
  rmSync(copy, { recursive: true });
}

describe('a start', () => {
  it('reads from the last checkpoint on and continues the same tree; earlier records are not read again', async () => {
    await written(20);
    const [first = ''] = segments();
    const old = readFileSync(first);
    writeFileSync(first, Buffer.alloc(old.length));
    const log = open();
    await log.append('acme', record('later', 'outcome'));
    await log.close();
    writeFileSync(first, old);
    expect(verified()).toEqual({ records: 21, checkpointed: 21, problems: [] });
  });

  it('closes an intent that lies before the checkpoint, wherever its segment is', async () => {
    const log = open();
    await log.append('acme', record('slow', 'intent'));
    for (let n = 0; n < 20; n++) await log.append('acme', record(`r${n}`, 'outcome'));
    await log.checkpoint('acme');
    await log.append('acme', record('after', 'intent'));
    await crashed(log);
    await open().close();
    const ends = readRecords(home())
      .records.map(({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: Record<string, unknown> }).unmapped)
      .filter(({ status }) => status === 'unknown');
    expect(ends.map((one) => one['record_id'])).toEqual(['slow', 'after']);
    expect(verified().problems).toEqual([]);
  });

  it('an intent that has its outcome is not closed again', async () => {
    const log = open();
    await log.append('acme', record('a', 'intent'));
    await log.checkpoint('acme');
    await log.append('acme', record('a', 'outcome'));
    await crashed(log);
    await open().close();
    expect(verified()).toEqual({ records: 2, checkpointed: 2, problems: [] });
  });

  it('refuses a log whose records after the resume point were cut off or changed', async () => {
    const log = open();
    for (let n = 0; n < 3; n++) await log.append('acme', record(`r${n}`, 'intent'));
    await log.checkpoint('acme');
    await crashed(log);
    const [first = ''] = segments();
    const whole = readFileSync(first);
    const refused = async (): Promise<void> => {
      const log = open();
      await expect(log.append('acme', record('r9', 'outcome'))).rejects.toThrow(/inconsistent at record 2/);
      await log.close();
    };
    truncateSync(first, whole.length - 5);
    await refused();
    const changed = Buffer.from(whole);
    changed[whole.length - 3] = 0x21;
    writeFileSync(first, changed);
    await refused();
    expect(readFileSync(first)).toEqual(changed);
    writeFileSync(first, whole);
    const log2 = open();
    await log2.opened();
    expect(log2.faults().get('acme')).toBeUndefined();
    await log2.close();
  });
});

describe('the hint is not trusted', () => {
  const hint = (): string => join(home(), 'resume');
  const change = (more: (told: { size: number; peaks: string[]; from: Record<string, number> }) => object): void => {
    writeFileSync(hint(), JSON.stringify(more(JSON.parse(readFileSync(hint(), 'utf8')))));
  };

  it.each<[string, () => void]>([
    ['missing', () => rmSync(hint())],
    ['empty', () => writeFileSync(hint(), '')],
    ['torn', () => truncateSync(hint(), 20)],
    ['with other hashes', () => change((saved) => ({ ...saved, peaks: saved.peaks.map(() => 'ab'.repeat(32)) }))],
    ['of a larger tree', () => change((told) => ({ ...told, size: told.size + 1 }))],
    ['of an empty tree', () => change((told) => ({ ...told, size: 0, peaks: [] }))],
    ['pointing into a record', () => change((told) => ({ ...told, from: { ...told.from, offset: 3, index: 0 } }))],
    ['pointing at another segment', () => change((told) => ({ ...told, from: { ...told.from, segment: 0 } }))],
    ['pointing behind the end', () => change((told) => ({ ...told, from: { ...told.from, offset: 1_000_000 } }))],
  ])('%s: everything is read, nothing is lost', async (_name, spoil) => {
    await written(20);
    spoil();
    const log = open();
    await log.append('acme', record('later', 'outcome'));
    await log.close();
    expect(verified()).toEqual({ records: 21, checkpointed: 21, problems: [] });
  });
});
