/**
 * L1: each system call of a log fails once, in every way, while two tenants record. Nothing that was acknowledged is
 * lost, `audit verify` finds nothing wrong, the other tenant does not notice, both record again when the fault is over,
 * and every descriptor was closed once by its owner.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { realFiles, type LogFiles } from './files.ts';
import { openAuditKeys } from './keys.ts';
import { openAuditLog, type SegmentAuditLog } from './log.ts';
import { failingFiles, type FailingFiles, type Fault } from './testing/failing-files.mts';
import { readRecords, verifyLog } from './verify.ts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-faults-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = join(root, 'fresh');
const TENANTS = ['acme', 'globex'] as const;
type Tenant = (typeof TENANTS)[number];
/** Longer than any test: checkpoints are asked for. */
const NEVER_MS = 2_000_000_000;

const record = (id: string, phase: string): AuditRecord => ({
  time: 1,
  unmapped: { phase, record_id: id, status: 'success', filler: 'x'.repeat(80) },
});

function open(folder: string, files: LogFiles, monotonicMs: () => number): SegmentAuditLog {
  const clock = { now: () => 1_700_000_000_000 };
  const origin = 'sallyport.test';
  return openAuditLog({ folder, origin, clock, segmentBytes: 500, checkpointEveryMs: NEVER_MS, files, monotonicMs });
}

interface Run {
  readonly folder: string;
  readonly files: FailingFiles;
  readonly acknowledged: Map<Tenant, string[]>;
  readonly refused: Map<Tenant, string[]>;
}

/** Two tenants record, with checkpoints and new segments between, while call number `failing` fails. */
async function run(failing: number, fault: Fault): Promise<Run> {
  const folder = mkdtempSync(join(root, 'run-'));
  cpSync(fresh, folder, { recursive: true });
  const files = failingFiles(failing, fault);
  const acknowledged = new Map<Tenant, string[]>(TENANTS.map((tenant) => [tenant, []]));
  const refused = new Map<Tenant, string[]>(TENANTS.map((tenant) => [tenant, []]));
  let now = 0;
  const log = open(folder, files, () => now);
  const write = (tenant: Tenant, id: string, phase: string): Promise<unknown> =>
    log.append(tenant, record(id, phase)).then(
      () => acknowledged.get(tenant)?.push(`${id} ${phase}`),
      () => refused.get(tenant)?.push(`${id} ${phase}`),
    );
  for (let n = 0; n < 4; n++) {
    await Promise.all(TENANTS.map((tenant) => write(tenant, `r${n}`, 'intent')));
    if (n % 2 === 1) await Promise.all(TENANTS.map((tenant) => log.checkpoint(tenant).catch(() => undefined)));
    await Promise.all(TENANTS.map((tenant) => write(tenant, `r${n}`, 'outcome')));
    // The fault is over, and the pause after it too.
    if (files.failed() !== undefined) now += 60_000;
  }
  for (const tenant of TENANTS)
    await log.append(tenant, record('last', 'outcome')).catch(async () => {
      now += 60_000;
      await log.append(tenant, record('last', 'outcome'));
    });
  for (const tenant of TENANTS) acknowledged.get(tenant)?.push('last outcome');
  expect([...log.faults().values()].filter((reason) => reason instanceof TypeError)).toEqual([]);
  await log.close();
  return { folder, files, acknowledged, refused };
}

const home = (folder: string, tenant: string): string => join(folder, tenant);
const contentOf = (folder: string): readonly (readonly [string, string])[] =>
  readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(join(folder, name)).toString('base64')] as const);

function recordsIn(folder: string): string[] {
  return readRecords(folder).records.map(({ bytes }) => {
    const { unmapped } = JSON.parse(bytes.toString()) as { unmapped: Record<string, string> };
    return `${unmapped['record_id']} ${unmapped['phase']}`;
  });
}

function checkLogs({ folder, acknowledged }: Run, what: string): void {
  for (const tenant of TENANTS) {
    const at = home(folder, tenant);
    expect(verifyLog(at, readFileSync(join(at, 'vkey'), 'utf8')).problems, `${what}: ${tenant}`).toEqual([]);
    const kept = new Set(recordsIn(at));
    const lost = acknowledged.get(tenant)?.filter((id) => !kept.has(id));
    expect(lost, `${what}: ${tenant} lost`).toEqual([]);
  }
}

describe('L1: any system call of the log fails', () => {
  it.each<[fault: Fault, step: number]>([
    ['ENOSPC', 1],
    ['half', 2],
    ['EIO', 4],
    ['EMFILE', 4],
    ['ENOMEM', 4],
    ['short', 4],
  ])('%s at call 1 … last (every %dth)', { timeout: 600_000 }, async (fault, step) => {
    rmSync(fresh, { recursive: true, force: true });
    await realFiles.makeFolder(fresh);
    openAuditKeys(fresh);
    const quiet = await run(0, fault);
    const last = quiet.files.calls();
    expect(last).toBeGreaterThan(150);
    // If the first call fails, the log does not open at all, and says why.
    if (fault !== 'short') await expect(run(1, fault)).rejects.toThrow('stat');
    for (let failing = 2; failing <= last; failing += step) {
      const ran = await run(failing, fault);
      const what = `${fault} at call ${failing} (${ran.files.failed()?.slice(ran.folder.length)})`;
      expect(ran.files.misuses(), what).toEqual([]);
      expect(ran.files.stillOpen(), `${what}: descriptors left open`).toBe(0);
      checkLogs(ran, what);
      for (const tenant of TENANTS) {
        const other = TENANTS.find((name) => name !== tenant) ?? tenant;
        // A call on the folder of all tenants may be felt by both.
        if (ran.files.failed()?.includes(`/${other}`) !== true) continue;
        expect(ran.refused.get(tenant), what).toEqual([]);
        expect(contentOf(home(ran.folder, tenant)), what).toEqual(contentOf(home(quiet.folder, tenant)));
      }
      const again = open(ran.folder, realFiles, () => 0);
      await again.opened();
      expect([...again.faults().values()], what).toEqual([undefined, undefined]);
      await again.close();
      checkLogs(ran, `${what}, after a restart`);
      rmSync(ran.folder, { recursive: true });
    }
  });
});
