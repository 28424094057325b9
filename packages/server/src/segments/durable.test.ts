/**
 * What is on the disk, and in which order, before anybody is told (L2). Each system call of a log is written down. A
 * sync that is left out is found by no test that only kills a process: the system keeps what a process wrote.
 */
import { appendFileSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { realFiles, type LogFiles } from './files.ts';
import { openAuditLog, type AuditLogDeps, type SegmentAuditLog } from './log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-durable-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

interface Disk extends LogFiles {
  /** Files with content, and names in folders, that a power failure would take back. */
  readonly unsynced: () => readonly string[];
  /** Called before each call that gives a file its name, or shortens one. */
  before: (call: 'rename' | 'truncate', path: string) => void;
  failsSync: boolean;
}

/**
 * What need not be durable: the hint, without which a start reads the whole log; the mark that a copy was recorded,
 * without which it is recorded again; and the end of `leaves`, which is zeros where it is cut off.
 */
const UNIMPORTANT = /^(name of )?resume|\.set-aside$|^length of leaves$/;

function createDisk(): Disk {
  const paths = new Map<number, string>();
  const contents = new Set<string>();
  const lengths = new Set<string>();
  const names = new Set<string>();
  const pathOf = (fd: number): string => paths.get(fd) ?? '';
  const synced = (path: string): void => {
    contents.delete(path);
    lengths.delete(path);
    for (const name of names) if (dirname(name) === path) names.delete(name);
  };
  const disk: Disk = {
    ...realFiles,
    unsynced: () =>
      [
        ...[...contents].map((path) => basename(path)),
        ...[...lengths].map((path) => `length of ${basename(path)}`),
        ...[...names].map((path) => `name of ${basename(path)}`),
      ].filter((what) => !UNIMPORTANT.test(what)),
    before: () => undefined,
    failsSync: false,
    async open(path, flags, mode) {
      const isNew = realFiles.status(path) === undefined;
      const fd = await realFiles.open(path, flags, mode);
      paths.set(fd, path);
      if (isNew && !path.endsWith('.new')) names.add(path);
      return fd;
    },
    write(fd, bytes, position) {
      contents.add(pathOf(fd));
      return realFiles.write(fd, bytes, position);
    },
    async sync(fd) {
      if (disk.failsSync) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      await realFiles.sync(fd);
      contents.delete(pathOf(fd));
      lengths.delete(pathOf(fd));
    },
    async syncAll(fd) {
      await realFiles.syncAll(fd);
      synced(pathOf(fd));
    },
    async truncate(fd, bytes) {
      disk.before('truncate', pathOf(fd));
      lengths.add(pathOf(fd));
      await realFiles.truncate(fd, bytes);
    },
    async rename(from, to) {
      disk.before('rename', to);
      if (contents.delete(from)) contents.add(to);
      names.add(to);
      await realFiles.rename(from, to);
    },
  };
  return disk;
}

let nowMs = 0;
const open = (files: LogFiles, more: Partial<AuditLogDeps> = {}): SegmentAuditLog =>
  openAuditLog({
    folder,
    origin: 'sallyport.test',
    clock: { now: () => 1 },
    monotonicMs: () => nowMs,
    segmentBytes: 150,
    checkpointEveryMs: 2_000_000_000,
    files,
    ...more,
  });
const record = (id: string): AuditRecord => ({ unmapped: { phase: 'outcome', record_id: id, status: 'success' } });
const at = (name: string): string => join(folder, 'acme', name);
const segments = (): string[] =>
  readdirSync(join(folder, 'acme'))
    .filter((name) => name.endsWith('.seg'))
    .sort();

describe('L2: before a caller is told, on the disk are', () => {
  it('the record, and the names of its segment and of the folder’s other files', async () => {
    const disk = createDisk();
    const log = open(disk);
    for (let n = 0; n < 8; n++) {
      await log.append('acme', record(`r${n}`));
      expect(disk.unsynced(), `after record ${n}`).toEqual([]);
    }
    expect(segments().length).toBeGreaterThan(2);
    await log.close();
  });

  it('the hashes before the checkpoint, the checkpoint before its reader, and the list of checkpoints', async () => {
    const disk = createDisk();
    const unsyncedAtRename: unknown[] = [];
    disk.before = (call, path) => {
      if (call !== 'rename' || basename(path) !== 'checkpoint') return;
      unsyncedAtRename.push([disk.unsynced(), statSync(at('leaves')).size / 32]);
    };
    const log = open(disk);
    for (let n = 1; n <= 3; n++) {
      await log.append('acme', record(`r${n}`));
      await log.checkpoint('acme');
      expect(unsyncedAtRename).toEqual([[[], n]]);
      expect(disk.unsynced(), `after checkpoint ${n}`).toEqual([]);
      unsyncedAtRename.length = 0;
    }
    await log.close();
  });

  it('a copy of what is cut off, before it is cut off; then the shortened file', async () => {
    const first = open(createDisk());
    await first.append('acme', record('first'));
    await first.close();
    for (const name of [segments()[0] ?? '', 'checkpoints']) appendFileSync(at(name), 'torn');
    const disk = createDisk();
    const copies: string[][] = [];
    disk.before = (call) => {
      if (call !== 'truncate') return;
      expect(disk.unsynced()).toEqual([]);
      copies.push(readdirSync(join(folder, 'acme')).filter((name) => name.endsWith('.torn')));
    };
    const log = open(disk);
    await log.append('acme', record('second'));
    expect(copies.map(({ length }) => length)).toEqual([1, 2]);
    expect(disk.unsynced()).toEqual([]);
    await log.close();
  });

  it('the hashes that a start computes anew', async () => {
    const first = open(createDisk());
    await first.append('acme', record('first'));
    await first.close();
    for (const name of ['leaves', 'resume']) rmSync(at(name));
    const disk = createDisk();
    const log = open(disk);
    await log.opened();
    await log.append('acme', record('second'));
    expect(disk.unsynced()).toEqual([]);
    await log.close();
  });

  it('after a failed sync, everything of the segment that was begun instead', async () => {
    const disk = createDisk();
    const log = open(disk, { segmentBytes: 2 ** 20 });
    await log.append('acme', record('first'));
    disk.failsSync = true;
    await expect(log.append('acme', record('refused'))).rejects.toThrow('EIO');
    disk.failsSync = false;
    const before = segments();
    await expect(log.append('acme', record('too early')), 'within the pause').rejects.toThrow('EIO');
    expect(segments()).toEqual(before);
    nowMs += 60_000;
    await log.append('acme', record('second'));
    expect(disk.unsynced()).toEqual([]);
    expect(segments().length).toBeGreaterThan(before.length);
    await log.close();
  });
});

describe('the calls of the system', () => {
  it('are the ones that their names say: a sync of a descriptor that is closed fails', async () => {
    const fd = openSync(join(folder, 'file'), 'w');
    await realFiles.sync(fd);
    await realFiles.syncAll(fd);
    closeSync(fd);
    await expect(realFiles.sync(fd)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(realFiles.syncAll(fd)).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('A27 make files and folders that only their owner reads', async () => {
    const log = open(realFiles);
    await log.append('acme', record('first'));
    await log.close();
    expect(statSync(join(folder, 'acme')).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(folder, 'acme'))) expect(statSync(at(name)).mode & 0o777, name).toBe(0o600);
  });
});

describe('checkpoints', () => {
  it('are signed each second when there are new records, and each minute when there are none', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const disk = createDisk();
    let signed = 0;
    disk.before = (call, path) => {
      if (call === 'rename' && path === at('checkpoint')) signed += 1;
    };
    const { checkpointEveryMs: _never, ...shipped } = { checkpointEveryMs: 0 };
    const log = openAuditLog({ folder, origin: 'sallyport.test', clock: { now: () => 1 }, files: disk, ...shipped });
    await log.append('acme', record('first'));
    const tick = async (seconds: number): Promise<void> => {
      vi.advanceTimersByTime(seconds * 1_000);
      await log.probe();
    };
    await tick(1);
    await vi.waitFor(() => expect(signed).toBe(1));
    for (let second = 2; second < 60; second++) await tick(1);
    expect(signed).toBe(1);
    await tick(1);
    await vi.waitFor(() => expect(signed).toBe(2));
    vi.useRealTimers();
    await log.close();
  });

  it('A30 are not signed with another key than before: the log does not open', async () => {
    const log = open(realFiles);
    await log.append('_', record('first'));
    await log.close();
    rmSync(join(folder, 'master.key'));
    expect(() => open(realFiles)).toThrow('was not signed by this log');
    expect(() => openAuditLog({ folder, origin: 'other.test', clock: { now: () => 1 } })).toThrow('was not signed');
  });

  it('D2 and records that wait are bounded, and a log that is closed takes none', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const log = open({ ...realFiles, sync: () => held }, { segmentBytes: 2 ** 30 });
    const appended = Array.from({ length: 50_200 }, () =>
      log.append('acme', record('r')).then(
        () => true,
        () => false,
      ),
    );
    await expect(log.append('acme', { ...record('r'), filler: 'x'.repeat(4 * 1024 * 1024) })).rejects.toThrow();
    release();
    const taken = (await Promise.all(appended)).filter(Boolean).length;
    expect(taken).toBe(50_000);
    await expect(log.append('acme', { ...record('r'), filler: 'x'.repeat(4 * 1024 * 1024) })).rejects.toThrow(
      'too large',
    );
    await log.close();
    await expect(log.append('acme', record('late'))).rejects.toThrow('closed');
  });
});
