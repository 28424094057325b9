/**
 * L5: the memory that the commands take does not grow with the log, what is older than `--since` is not read, and
 * progress is for terminals. A million records: `bench/audit-size.ts`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLog } from '../../../server/src/segments/testing/build-log.mts';
import { auditCommands } from './audit.ts';
import type { CliIo } from './io.ts';
import { createProgress } from './progress.ts';
import { runAlone } from './testing/run.mts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-audit-size-'));
const [small, large] = [join(root, 'small'), join(root, 'large')];
const RECORDS = 6_000;
const SEGMENT_BYTES = 2 ** 20;
const HOUR_MS = 3_600_000;
/** The first and the last half of the large log are hours apart. */
const LATER_MS = 10 * HOUR_MS;
const folders = { data: root, audit: large, tenants: ['acme'], tiers: ['default'], servers: ['crm'] };

beforeAll(async () => {
  await buildLog(small, { records: RECORDS, segmentBytes: SEGMENT_BYTES });
  await buildLog(large, { records: 3 * RECORDS, segmentBytes: SEGMENT_BYTES });
  await buildLog(large, { records: RECORDS, segmentBytes: SEGMENT_BYTES, startMs: LATER_MS });
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let exports = 0;

/**
 * Runs commands one after the other in one process.
 *
 * @returns its largest resident memory in MiB, as the kernel counts it for this program: `maxRSS` would be that of the
 * process that started it, if that was larger.
 */
function peakMib(folder: string): number {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const commands = [
    ['verify'],
    ['search', '--limit', '1'],
    ['prove', '5', '--tenant', 'acme'],
    ['export', join(root, `export-${++exports}`)],
  ].map((command) => ['audit', ...command, '--from', folder]);
  const script = `const { main } = await import(${JSON.stringify(main)});
    for (const command of ${JSON.stringify(commands)}) await main(command);
    const { readFileSync } = await import('node:fs');
    const kib = /VmHWM:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
    process.stderr.write('exit=' + (process.exitCode ?? 0) + ' peak=' + kib);`;
  // As `bin/sallyport.js` runs these commands.
  const flags = ['--conditions=sallyport-source', '--optimize-for-size', '--input-type=module'];
  const ran = spawnSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8' });
  expect(ran.stdout).toContain('ok      tenant acme');
  // No progress: standard error is a pipe.
  expect(ran.stderr).toMatch(/^exit=0 peak=\d+$/);
  return Number(ran.stderr.slice(ran.stderr.indexOf('peak=') + 5)) / 1_024;
}

describe('L5: a log that is larger than memory', () => {
  it.runIf(process.platform === 'linux')(
    'verify, search, prove and export take no more for four times the records',
    () => {
      // The first run fills the compile cache.
      peakMib(small);
      const [one, four] = [peakMib(small), peakMib(large)];
      // What is read more is 17 MiB; hashes of it would be 0.6.
      expect(four).toBeLessThan(one + 15);
      expect(four).toBeLessThan(150);
    },
  );

  /** Bytes that this process reads meanwhile, as the kernel counts them. */
  async function bytesRead(...args: string[]): Promise<{ readonly bytes: number; readonly out: string }> {
    const count = (): number => Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
    const before = count();
    const { out, code } = await runAlone(auditCommands, args, folders);
    expect(code).toBe(0);
    return { out, bytes: count() - before };
  }

  it.runIf(process.platform === 'linux')('--since does not read the segments that are older', async () => {
    const home = join(large, 'acme');
    const all = readdirSync(home)
      .filter((name) => name.endsWith('.seg'))
      .reduce((bytes, name) => bytes + statSync(join(home, name)).size, 0);
    const since = new Date(LATER_MS).toISOString();
    const everything = await bytesRead('search', '--limit', '1000000', '--json');
    const recent = await bytesRead('search', '--limit', '1000000', '--json', '--since', since);
    expect(everything.out.split('\n').length - 1).toBe(4 * RECORDS);
    expect(recent.out.split('\n').length - 1).toBe(RECORDS);
    expect(everything.bytes).toBeGreaterThanOrEqual(all);
    // A quarter of the records, the segment before them, and the beginnings of the segments that were looked at.
    expect(recent.bytes).toBeLessThan(0.6 * all);
  });
});

describe('L5: progress', () => {
  function shown(io: Partial<CliIo>, msPerLook: number, records: number): string {
    let [text, nowMs] = ['', 0];
    const complete = { stdout: () => undefined, stderr: (more: string) => void (text += more), ...io } as CliIo;
    const progress = createProgress(complete, () => (nowMs += msPerLook));
    for (let count = 0; count < records; count++) progress.record();
    progress.end();
    return text;
  }

  it('is one line of a terminal, after a second, and is removed at the end', () => {
    const text = shown({ isTerminal: true }, 600, 5_000);
    expect(text.split('\r').filter((line) => line.trim() !== '')).toEqual([
      '2048 records read',
      '3072 records read',
      '4096 records read',
    ]);
    expect(text).toMatch(/\r {17}\r$/);
  });

  it('is not shown by a quick command, nor into a pipe', () => {
    expect(shown({ isTerminal: true }, 10, 5_000)).toBe('');
    expect(shown({}, 600, 5_000)).toBe('');
  });
});
