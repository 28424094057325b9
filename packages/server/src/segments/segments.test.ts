import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { realFiles, type LogFiles } from './files.ts';
import { tenantFolder } from './layout.ts';
import { openAuditLog, type SegmentAuditLog } from './log.ts';
import { segmentsSince } from './read-log.ts';
import { readRecords, verifyLog } from './verify.ts';
import { startWriter } from './testing/writer.mts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-audit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = { now: () => 1_700_000_000_000 };
const thrown = (error: Error): never => {
  throw error;
};
const record = (n: number, phase = 'outcome'): AuditRecord => ({
  time: n,
  unmapped: { phase, record_id: `r${n}`, status: 'success' },
});
const open = (files?: LogFiles, segmentBytes?: number): SegmentAuditLog =>
  openAuditLog({
    folder,
    origin: 'sallyport.test',
    clock,
    ...(files && { files }),
    ...(segmentBytes && { segmentBytes }),
  });
const home = (): string => tenantFolder(folder, 'acme');
const vkey = (): string => readFileSync(join(home(), 'vkey'), 'utf8').trim();

async function written(count: number, segmentBytes?: number): Promise<void> {
  const log = open(undefined, segmentBytes);
  for (let n = 0; n < count; n++) {
    await log.append('acme', record(n));
    if (n % 4 === 3) await log.checkpoint('acme');
  }
  await log.close();
}

describe('L4 the first checkpoint of a log', () => {
  const openSigning = (): SegmentAuditLog =>
    openAuditLog({ folder, origin: 'sallyport.test', clock, checkpointEveryMs: 3_600_000, signsFirstAtOnce: true });
  const isSigned = (): boolean => existsSync(join(home(), 'resume'));

  it('follows its first records at once, so that a process that is killed later leaves a signed log', async () => {
    const log = openSigning();
    await log.append('acme', record(1));
    await expect.poll(isSigned).toBe(true);
    expect(verifyLog(home(), vkey())).toMatchObject({ records: 1, checkpointed: 1, problems: [] });
    await log.close();
  });

  it('is missing when the process was killed before it: verify says what that means, and the next start signs', async () => {
    await written(3);
    for (const name of ['leaves', 'checkpoint', 'checkpoints', 'resume']) rmSync(join(home(), name));
    const [problem, ...others] = verifyLog(home(), vkey()).problems;
    expect(others).toEqual([]);
    for (const words of ['stopped before it signed its first', 'deleted', 'The next start signs', 'kept elsewhere'])
      expect(problem?.what).toContain(words);
    const log = openSigning();
    await log.opened();
    await expect.poll(isSigned).toBe(true);
    expect(verifyLog(home(), vkey()).problems).toEqual([]);
    await log.close();
  });
});

describe('the segment log', () => {
  it('keeps what was appended, in order, over restarts and segments', async () => {
    await written(10, 400);
    await written(10, 400);
    const { records, problems } = readRecords(home());
    expect(problems).toEqual([]);
    expect(records).toHaveLength(20);
    expect(readdirSync(home()).filter((name) => name.endsWith('.seg')).length).toBeGreaterThan(2);
    expect(verifyLog(home(), vkey())).toEqual({ records: 20, checkpointed: 20, problems: [] });
  });

  it('shares one fdatasync among appends that wait together', async () => {
    let syncs = 0;
    const log = open({
      ...realFiles,
      sync: (fd) => {
        syncs += 1;
        return realFiles.sync(fd);
      },
    });
    await Promise.all(Array.from({ length: 200 }, (_, n) => log.append('acme', record(n))));
    expect(syncs).toBeLessThanOrEqual(2);
    await log.close();
  });

  it('checkpoints while records arrive, and one that cannot be written is written by the next', async () => {
    const log = open();
    await log.append('acme', record(0));
    const under: Promise<unknown>[] = [];
    for (let n = 1; n < 300; n++) {
      under.push(log.append('acme', record(n)));
      if (n % 20 === 0) under.push(log.checkpoint('acme').catch(() => undefined));
      if (n % 50 === 0) await Promise.all(under);
      if (n === 100) mkdirSync(join(home(), 'resume.new'));
      if (n === 150) {
        await expect(log.checkpoint('acme')).rejects.toThrow('EISDIR');
        rmSync(join(home(), 'resume.new'), { recursive: true });
      }
    }
    await Promise.all(under);
    await log.close();
    expect(statSync(join(home(), 'leaves')).size).toBe(300 * 32);
    expect(verifyLog(home(), vkey())).toEqual({ records: 300, checkpointed: 300, problems: [] });
  });

  it('answers only after fdatasync', async () => {
    const order: string[] = [];
    const log = open({
      ...realFiles,
      sync: async (fd) => {
        await realFiles.sync(fd);
        order.push('durable');
      },
    });
    await log.append('acme', record(1)).then(() => order.push('answered'));
    expect(order).toEqual(['durable', 'answered']);
    await log.close();
  });

  it.each([
    ['disk full', { write: () => thrown(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })) }],
    ['an error on write', { write: () => thrown(new Error('EIO')) }],
    ['an error on fdatasync', { sync: () => Promise.reject(new Error('EIO')) }],
  ])('%s refuses the record and every later one, and loses nothing that was acknowledged', async (_name, broken) => {
    let fail = false;
    let now = 0;
    const files: LogFiles = {
      ...realFiles,
      write: (fd, bytes, at) => (fail && 'write' in broken ? broken.write() : realFiles.write(fd, bytes, at)),
      sync: (fd) => (fail && 'sync' in broken ? broken.sync() : realFiles.sync(fd)),
    };
    const log = openAuditLog({ folder, origin: 'sallyport.test', clock, monotonicMs: () => now, files });
    await log.append('acme', record(1));
    fail = true;
    await expect(log.append('acme', record(2))).rejects.toThrow();
    fail = false;
    await expect(log.append('acme', record(3)), 'the file is not trusted until it was read again').rejects.toThrow();
    now += 60_000;
    await log.append('acme', record(4));
    await log.close();
    const texts = readRecords(home()).records.map(
      ({ bytes }) => (JSON.parse(bytes.toString()) as { time: number }).time,
    );
    expect(texts[0]).toBe(1);
    expect(texts.at(-1)).toBe(4);
    expect(verifyLog(home(), vkey()).problems).toEqual([]);
  });

  it('is open in one process at a time', async () => {
    const log = open();
    expect(() => open()).toThrow(/is open in process/);
    await log.close();
    await open().close();
  });

  it('L3: a damaged lock file stops nobody, and lets nobody in while another process has the log open', async () => {
    const damage = (): void => writeFileSync(join(folder, 'lock.db'), 'no database', { flag: 'r+' });
    await open().close();
    damage();
    const log = open();
    damage();
    expect(() => open()).toThrow(/is open in process/);
    await log.close();
    await open().close();
  });

  it("L3: damage behind the public key of the gateway's own log stops nobody", async () => {
    const log = open();
    await log.append('_', record(1));
    await log.close();
    writeFileSync(join(folder, '_', 'vkey'), `${readFileSync(join(folder, '_', 'vkey'), 'utf8').trim()}K`);
    const again = open();
    await again.append('acme', record(2));
    await again.close();
  });

  it('the lock of a killed process ends, also when another process has its id, as in a container', async () => {
    const holder = spawn(
      process.execPath,
      [
        '--conditions=sallyport-source',
        '--input-type=module',
        '-e',
        `
      import { lockFolder } from ${JSON.stringify(new URL('lock.ts', import.meta.url).href)};
      const lock = lockFolder(${JSON.stringify(folder)}); setInterval(() => lock, 1000); console.log('locked');`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const gone = once(holder, 'exit');
    await once(holder.stdout, 'data');
    expect(() => open()).toThrow(`is open in process ${holder.pid}; stop it first`);
    holder.kill('SIGKILL');
    await gone;
    // What it left says the number of a process that lives: ours.
    for (const left of readdirSync(folder))
      if (readFileSync(join(folder, left), 'utf8') === String(holder.pid))
        writeFileSync(join(folder, left), String(process.pid));
    await open().close();
  });

  it('sets an incomplete last frame aside, records that, and closes open intents', async () => {
    const log = open();
    await log.append('acme', record(1, 'intent'));
    await log.close();
    const segment = join(home(), readdirSync(home()).find((name) => name.endsWith('.seg')) ?? '');
    const torn = Buffer.from([0, 0, 0, 99, 1, 2]);
    const end = statSync(segment).size;
    writeFileSync(segment, Buffer.concat([readFileSync(segment), torn]));
    const again = open();
    await again.append('acme', record(2));
    await again.close();
    const fields = readRecords(home()).records.map(
      ({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: Record<string, unknown> }).unmapped,
    );
    const name = `0000000000000000-${end}-1`;
    expect(fields).toContainEqual(
      expect.objectContaining({ cause: 'start', set_aside_bytes: 6, set_aside_files: [name], orphan_intents: 1 }),
    );
    expect(readFileSync(join(home(), `${name}.set-aside`))).toEqual(torn);
    expect(fields).toContainEqual(expect.objectContaining({ record_id: 'r1', phase: 'outcome', status: 'unknown' }));
    expect(verifyLog(home(), vkey()).problems).toEqual([]);
  });

  it('L3: a log whose checkpointed records are gone refuses its tenant, by name; the others record', async () => {
    await written(8);
    const segment = join(home(), '0000000000000000.seg');
    truncateSync(segment, statSync(segment).size - 10);
    const log = open();
    await expect(log.append('acme', record(9))).rejects.toThrow(
      /acme is inconsistent at record 7: .*run sallyport audit verify --tenant acme/,
    );
    await log.append('globex', record(9));
    expect(log.faults().get('acme')).toBeInstanceOf(Error);
    expect(log.faults().get('globex')).toBeUndefined();
    await log.close();
  });

  it('a folder that cannot be made is named in the error', () => {
    writeFileSync(join(folder, 'plain'), '');
    expect(() => openAuditLog({ folder: join(folder, 'plain'), origin: 'sallyport.test', clock })).toThrow(
      /^the audit folder .*plain cannot be made \(EEXIST\)/,
    );
  });

  it('no tenant name leaves the folder', () => {
    for (const name of ['../x', '/etc', 'a/b', '..', 'CON', 'a\0b', 'ü'])
      expect(tenantFolder('/data', name)).toMatch(/^\/data\/x_[0-9a-f]+$/);
  });
});

/** Length, checksum and the begin of a record. */
const FRAME_BITS = 32 * 8;
const frameBytes = (segment: Buffer, at: number): number => 16 + (segment.readUInt32BE(at) & 0x7fff_ffff);

describe('verify names', () => {
  const tampered = async (change: (copy: string) => void, count = 9) => {
    await written(count, 500);
    const key = vkey();
    const copy = join(folder, 'copy');
    cpSync(home(), copy, { recursive: true });
    change(copy);
    return verifyLog(copy, key);
  };
  const segmentsOf = (copy: string): string[] =>
    readdirSync(copy)
      .filter((name) => name.endsWith('.seg'))
      .sort()
      .map((name) => join(copy, name));

  it('a flipped bit in any byte of any file, and each bit of the first frame', { timeout: 120_000 }, async () => {
    await written(5, 250);
    const key = vkey();
    const copy = join(folder, 'copy');
    cpSync(home(), copy, { recursive: true });
    for (const name of readdirSync(copy)) {
      const original = readFileSync(join(copy, name));
      // Steps of 7 bits reach every byte, at a bit that moves.
      for (let bit = 0; bit < original.length * 8; bit += bit < FRAME_BITS ? 1 : 7) {
        const changed = Buffer.from(original);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        writeFileSync(join(copy, name), changed);
        expect(verifyLog(copy, key).problems, `${name} bit ${bit}`).not.toEqual([]);
      }
      writeFileSync(join(copy, name), original);
    }
    expect(verifyLog(copy, key).problems).toEqual([]);
  });

  it('a changed record with its index, also when the checksum was made to fit', async () => {
    const { crc32 } = await import('node:zlib');
    const { problems } = await tampered((copy) => {
      const file = segmentsOf(copy)[0] ?? '';
      const segment = readFileSync(file);
      const second = frameBytes(segment, 0);
      segment[second + 16 + 9] = 0x35;
      segment.writeUInt32BE(
        crc32(segment.subarray(second + 8, second + frameBytes(segment, second)), segment.readUInt32BE(second)),
        second + 4,
      );
      writeFileSync(file, segment);
    });
    expect(problems[0]).toMatchObject({ index: 1, file: '0000000000000000.seg' });
  });

  it.each<[string, (segment: Buffer, frame: number) => Buffer]>([
    ['a deleted record', (segment, frame) => segment.subarray(frame)],
    ['a doubled record', (segment, frame) => Buffer.concat([segment.subarray(0, frame), segment])],
    [
      'records in another order',
      (segment, frame) => Buffer.concat([segment.subarray(frame), segment.subarray(0, frame)]),
    ],
  ])('%s', async (_name, change) => {
    const { problems } = await tampered((copy) => {
      const file = segmentsOf(copy)[1] ?? '';
      const segment = readFileSync(file);
      writeFileSync(file, change(segment, frameBytes(segment, 0)));
    });
    expect(problems[0]?.index).toBeGreaterThan(0);
    expect(problems[0]?.file).toMatch(/\.seg$/);
  });

  it('nothing of a log that is written to meanwhile', { timeout: 30_000 }, async () => {
    const writer = await startWriter(folder);
    const problems = Array.from({ length: 40 }, () => verifyLog(home(), vkey()).problems);
    await writer.kill();
    expect(problems.flat()).toEqual([]);
  });

  it.skipIf(!existsSync('/proc/self/fd'))('L1 leaves no file open, whatever it finds', async () => {
    await written(9, 500);
    const key = vkey();
    const before = readdirSync('/proc/self/fd').length;
    verifyLog(home(), key);
    segmentsSince(home(), Date.now());
    truncateSync(join(home(), 'checkpoints'), 100);
    truncateSync(join(home(), '0000000000000000.seg'), 100);
    expect(verifyLog(home(), key).problems).not.toEqual([]);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('a log that was cut off', async () => {
    const { problems } = await tampered((copy) => rmSync(segmentsOf(copy).at(-1) ?? ''));
    expect(problems.some((problem) => problem.what.includes('cut off'))).toBe(true);
  });

  it('a segment that was taken out', async () => {
    const { problems } = await tampered((copy) => rmSync(segmentsOf(copy)[0] ?? ''));
    expect(problems[0]?.what).toContain('missing');
  });
});
