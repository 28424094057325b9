/**
 * kill -9 at random points under load, over and over on one growing log: no executed call lacks its intent, no answered call
 * its outcome, and the tree agrees with every checkpoint.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openAuditLog } from '../../packages/gateway/src/adapters/segments/log.ts';
import { tenantFolder } from '../../packages/gateway/src/adapters/segments/layout.ts';
import { readRecords, verifyLog } from '../../packages/gateway/src/adapters/segments/verify.ts';

const KILLS = 200;
/** The log is verified whole after every so many kills; recovery itself checks it at every start. */
const VERIFY_EVERY = 10;
const victim = fileURLToPath(new URL('./killed-process.ts', import.meta.url));
const TENANTS = ['acme', 'globex', 'initech'];

interface Told {
  readonly executed: Map<string, string>;
  readonly answered: Map<string, string>;
}

/** One life: started, let run for a random while after it is ready, killed. */
async function killOnce(folder: string, told: Told): Promise<void> {
  const child = spawn(process.execPath, ['--conditions=sallyport-source', victim, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the victim ended by itself: ${stderr}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.startsWith('ready')) resolve();
    });
  });
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
  child.kill('SIGKILL');
  await ended;
  for (const line of output.split('\n')) {
    const [what, tenant = '', id = ''] = line.split(' ');
    if (what === 'executed' && id.length === 36) told.executed.set(id, tenant);
    if (what === 'answered' && id.length === 36) told.answered.set(id, tenant);
  }
}

async function check(folder: string, told: Told): Promise<void> {
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
  for (const [id, tenant] of told.executed)
    expect(phases.get(`${tenant} ${id}`)?.has('intent'), `executed ${id} has its intent`).toBe(true);
  for (const [id, tenant] of told.answered)
    expect(phases.get(`${tenant} ${id}`)?.has('outcome'), `answered ${id} has its outcome`).toBe(true);
}

it(
  `${KILLS} times kill -9: no answered call lacks its intent, and the tree agrees with the last checkpoint`,
  { timeout: 240_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'));
    const told: Told = { executed: new Map(), answered: new Map() };
    try {
      for (let kill = 1; kill <= KILLS; kill++) {
        await killOnce(folder, told);
        if (kill % VERIFY_EVERY === 0) await check(folder, told);
      }
      expect(told.answered.size).toBeGreaterThan(KILLS * 5);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
