/**
 * kill -9 at random points under load, over and over on one growing log: no executed call lacks its intent, no answered
 * call lacks its outcome, and the tree agrees with every checkpoint.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openAuditLog } from '../../packages/server/src/segments/log.ts';
import { tenantFolder } from '../../packages/server/src/segments/layout.ts';
import { readRecords, verifyLog } from '../../packages/server/src/segments/verify.ts';

const KILLS = 30;
/** The whole log is verified after so many kills; recovery itself checks it at every start. */
const VERIFY_EVERY = 10;
/** Lines that a process may report before it is killed: the first says that it is ready, an answered call has two. */
const LINES_UNTIL_KILL_MAX = 120;
const program = fileURLToPath(new URL('./killed-process.ts', import.meta.url));
const TENANTS = ['acme', 'globex', 'initech'];

/** What the killed processes reported: record id → tenant. */
interface Reported {
  readonly executed: Map<string, string>;
  readonly answered: Map<string, string>;
}

/** Starts the process, lets it report a random number of answers, kills it. */
async function killOnce(folder: string, reported: Reported): Promise<void> {
  const child = spawn(process.execPath, ['--conditions=sallyport-source', program, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the process ended by itself: ${stderr}`)));
    const linesUntilKill = 1 + Math.floor(Math.random() * LINES_UNTIL_KILL_MAX);
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').length > linesUntilKill) resolve();
    });
  });
  child.kill('SIGKILL');
  await ended;
  for (const line of output.split('\n')) {
    const [what, tenant = '', id = ''] = line.split(' ');
    if (what === 'executed' && id.length === 36) reported.executed.set(id, tenant);
    if (what === 'answered' && id.length === 36) reported.answered.set(id, tenant);
  }
}

async function check(folder: string, reported: Reported): Promise<void> {
  const log = openAuditLog({
    folder,
    origin: 'sallyport.crash',
    clock: { now: () => Date.now() },
    segmentBytes: 64 * 1024,
  });
  await log.close();
  const phases = new Map<string, Set<string>>();
  for (const tenant of TENANTS) {
    const home = tenantFolder(folder, tenant);
    const { problems } = verifyLog(home, readFileSync(join(home, 'vkey'), 'utf8'));
    expect(problems).toEqual([]);
    for (const { bytes } of readRecords(home).records) {
      const {
        record_id: id,
        phase,
        status,
      } = (JSON.parse(bytes.toString()) as { unmapped: { record_id: string; phase: string; status: string } }).unmapped;
      phases.set(
        `${tenant} ${id}`,
        (phases.get(`${tenant} ${id}`) ?? new Set()).add(status === 'unknown' ? 'unknown' : phase),
      );
    }
  }
  for (const [id, tenant] of reported.executed)
    expect(phases.get(`${tenant} ${id}`)?.has('intent'), `executed ${id} has its intent`).toBe(true);
  for (const [id, tenant] of reported.answered)
    expect(phases.get(`${tenant} ${id}`)?.has('outcome'), `answered ${id} has its outcome`).toBe(true);
}

it(
  `after ${KILLS} times kill -9 no answered call lacks its records, and the tree agrees with the last checkpoint`,
  { timeout: 240_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'));
    const reported: Reported = { executed: new Map(), answered: new Map() };
    try {
      for (let kill = 1; kill <= KILLS; kill++) {
        await killOnce(folder, reported);
        if (kill % VERIFY_EVERY === 0) await check(folder, reported);
      }
      expect(reported.answered.size).toBeGreaterThan(KILLS * 5);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
