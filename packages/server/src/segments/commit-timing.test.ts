/**
 * Commits that gather records, and commits that wait on the event loop: neither answers before the disk has the record,
 * and a disk that turns slow stops the event loop once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { createDiskWaits, gather } from './commit-timing.ts';
import { realFiles, type LogFiles } from './files.ts';
import type { LogFile } from './log-file.ts';
import { openAuditLog } from './log.ts';

describe('gathering', () => {
  /** @param arrivals how many records arrive in each turn. @returns how many turns a commit waits. */
  async function turnsFor(arrivals: readonly number[], msPerTurn = 0): Promise<number> {
    let [count, turn, nowMs, isOver] = [1, 0, 0, false];
    const arrive = (): void => {
      count += arrivals[turn] ?? 0;
      turn += 1;
      nowMs += msPerTurn;
      if (!isOver) setImmediate(arrive);
    };
    // Before the commit begins to wait, so that in each turn the records come first.
    setImmediate(arrive);
    await gather(
      () => count,
      () => nowMs,
    );
    isOver = true;
    return turn;
  }

  it('a lone record waits for one turn; those that follow each other are waited for, for some turns or 1 ms', async () => {
    const lone = await turnsFor([]);
    expect(await turnsFor([1])).toBeGreaterThan(lone);
    const most = await turnsFor(Array.from({ length: 40 }, () => 1));
    expect(most).toBeGreaterThan(lone + 2);
    expect(most).toBeLessThan(10);
    expect(
      await turnsFor(
        Array.from({ length: 40 }, () => 1),
        0.6,
      ),
    ).toBeLessThan(most);
  });
});

describe('waiting for the disk', () => {
  let nowMs: number;
  let syncMs: number;
  let waits: string[];
  const file = {
    sync: async () => {
      waits.push('thread');
      nowMs += syncMs;
    },
    syncNow: () => {
      waits.push('loop');
      nowMs += syncMs;
    },
  } as LogFile;
  beforeEach(() => {
    [nowMs, syncMs, waits] = [0, 0.2, []];
  });
  const open = () => createDiskWaits(() => nowMs);
  async function warm(disk: ReturnType<typeof open>): Promise<void> {
    for (let commit = 0; commit < 16; commit++) await disk.sync(file, true);
    waits = [];
  }

  it('is on the event loop only for a lone record, on a disk that was quick, with no other commit under way', async () => {
    const disk = open();
    await disk.sync(file, true);
    expect(waits).toEqual(['thread']);
    await warm(disk);
    await disk.sync(file, true);
    await disk.sync(file, false);
    expect(waits).toEqual(['loop', 'thread']);
    const underWay = disk.sync(file, false);
    await disk.sync(file, true);
    await underWay;
    expect(waits.slice(2)).toEqual(['thread', 'thread']);
  });

  it('L8 ends with the first slow commit, and comes back when the disk was quick for some time', async () => {
    const disk = open();
    await warm(disk);
    syncMs = 400;
    await disk.sync(file, true);
    for (let commit = 0; commit < 20; commit++) await disk.sync(file, true);
    expect(waits.filter((wait) => wait === 'loop').length).toBe(1);
    syncMs = 0.2;
    await warm(disk);
    await disk.sync(file, true);
    expect(waits).toEqual(['loop']);
  });

  it('L1 a commit that fails on the event loop is a failure', async () => {
    const disk = open();
    await warm(disk);
    const failing = {
      ...file,
      syncNow: () => {
        throw new Error('EIO');
      },
    };
    await expect(disk.sync(failing, true)).rejects.toThrow('EIO');
    await disk.sync(file, true);
    expect(waits).toEqual(['thread']);
  });
});

describe('a log on a quick disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-timing-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const record = (id: string): AuditRecord => ({ time: 1, unmapped: { phase: 'outcome', record_id: id } });

  it('answers each record after an fdatasync of its own, wherever it waits', async () => {
    let syncs = 0;
    const files: LogFiles = {
      ...realFiles,
      sync: async () => void (syncs += 1),
      syncNow: () => void (syncs += 1),
    };
    const clock = { now: () => 1 };
    const log = openAuditLog({ folder, origin: 'sallyport.test', clock, checkpointEveryMs: 2_000_000_000, files });
    await log.opened();
    for (let n = 0; n < 40; n++) {
      await log.append('acme', record(`r${n}`));
      expect(syncs).toBe(n + 1);
    }
    await log.close();
  });

  it('L2 every way of syncing reaches the operating system', async () => {
    const nobodys = 2 ** 30;
    expect(() => realFiles.syncNow(nobodys)).toThrow('EBADF');
    await expect(realFiles.sync(nobodys)).rejects.toThrow('EBADF');
    await expect(realFiles.syncAll(nobodys)).rejects.toThrow('EBADF');
  });
});
