/**
 * A log on a disk that is full, fails, is slow or has no descriptors left, for a while, for one tenant or for all,
 * while the wall clock jumps and stands still. Time passes only as the test says, so nothing waits for a real clock.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditLog, type SegmentAuditLog } from '../../packages/server/src/segments/log.ts';
import { readRecords, verifyLog } from '../../packages/server/src/segments/verify.ts';
import type { Below } from './random.ts';
import { unreliableFiles, type Behaviour, type UnreliableFiles } from './unreliable-files.ts';

const TENANTS = ['acme', 'globex', 'initech'] as const;
type Tenant = (typeof TENANTS)[number];
const CODES = ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'EROFS', 'EACCES'] as const;
/** What a full disk refuses, what a lack of descriptors refuses, and so on. */
const CALLS: readonly ((call: string) => boolean)[] = [
  (call) => ['write', 'makeFolder', 'rename'].includes(call),
  (call) => ['open', 'list', 'makeFolder'].includes(call),
  (call) => call.startsWith('sync'),
  (call) => call !== 'close',
];
const CLOCK_JUMPS_MS = [-86_400_000, -1, 0, 0, 1, 86_400_000] as const;
const APPENDS_PER_STEP = 4;
const STEPS = 8;
/** Longer than the longest pause after a failure. */
const PAUSE_MS = 60_000;

/** What is wrong with the disk now. */
interface Trouble {
  /** `undefined` for all of them. */
  readonly tenant: Tenant | undefined;
  readonly fails: (call: string) => boolean;
  /** `slow` waits until the trouble is over. */
  readonly what: (typeof CODES)[number] | 'slow';
  readonly over: Promise<void>;
}

/** What changes while the log runs. */
interface RigState {
  trouble: Trouble | undefined;
  nowMs: number;
  wallMs: number;
  /** Of the last record. */
  number: number;
}

interface Rig extends RigState {
  readonly log: SegmentAuditLog;
  readonly disk: UnreliableFiles;
  readonly acknowledged: ReadonlyMap<Tenant, Set<string>>;
}

/** Figures of a round. */
export interface Round {
  readonly acknowledged: number;
  readonly refused: number;
}

/** Several troubles one after the other on one log. @throws Error that says what is wrong. */
export async function badDiskRound(below: Below): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-disk-'));
  const rig = openRig(folder);
  let refused = 0;
  try {
    await appendAll(rig);
    for (let step = 0; step < STEPS; step++) {
      refused += await troubleFor(rig, below);
      rig.wallMs += CLOCK_JUMPS_MS[below(CLOCK_JUMPS_MS.length)] ?? 0;
      rig.nowMs += PAUSE_MS;
      const { refused: afterwards } = await appendAll(rig);
      if (afterwards.length > 0) throw new Error(`${afterwards.join()} do not record after the trouble is over`);
    }
    for (const tenant of TENANTS) await rig.log.checkpoint(tenant);
    const faults = [...rig.log.faults()].filter(([, fault]) => fault !== undefined);
    if (faults.length > 0) throw new Error(`still a fault: ${faults.join()}`);
    await rig.log.close();
    if (rig.disk.openDescriptors() > 0) throw new Error(`${rig.disk.openDescriptors()} descriptors were left open`);
    check(folder, rig.acknowledged);
    await restart(folder);
    check(folder, rig.acknowledged);
  } finally {
    // What went wrong before the log was closed is what the round says.
    await rig.log.close().catch(() => undefined);
    rmSync(folder, { recursive: true });
  }
  return { acknowledged: [...rig.acknowledged.values()].reduce((sum, ids) => sum + ids.size, 0), refused };
}

function openRig(folder: string): Rig {
  const state: RigState = { trouble: undefined, nowMs: 0, wallMs: 1_700_000_000_000, number: 0 };
  const disk = unreliableFiles((call, path): Behaviour => {
    const { trouble } = state;
    if (trouble === undefined || !trouble.fails(call)) return undefined;
    if (trouble.tenant !== undefined && !path.includes(`/${trouble.tenant}`)) return undefined;
    return trouble.what === 'slow' ? trouble.over : trouble.what;
  });
  const log = openAuditLog({
    folder,
    origin: 'sallyport.disk',
    clock: { now: () => state.wallMs },
    monotonicMs: () => state.nowMs,
    segmentBytes: 2_000,
    checkpointEveryMs: 2_000_000_000,
    files: disk.files,
  });
  const acknowledged = new Map(TENANTS.map((tenant) => [tenant, new Set<string>()]));
  return Object.assign(state, { log, disk, acknowledged });
}

/** Records of every tenant while the disk is bad. @returns how many were refused. */
async function troubleFor(rig: Rig, below: Below): Promise<number> {
  const what = [...CODES, 'slow' as const][below(CODES.length + 1)] ?? 'slow';
  const tenant = [undefined, ...TENANTS][below(TENANTS.length + 1)];
  const over = Promise.withResolvers<void>();
  rig.trouble = { tenant, what, fails: CALLS[below(CALLS.length)] ?? (() => true), over: over.promise };
  // Those that wait for a slow disk are not waited for: the others must not notice.
  const concerned = TENANTS.filter((name) => tenant === undefined || name === tenant);
  const others = TENANTS.filter((name) => !concerned.includes(name));
  const waiting = appendAll(rig, concerned);
  const { refused: disturbed } = await appendAll(rig, others);
  if (disturbed.length > 0) throw new Error(`${disturbed.join()} are disturbed by ${what} of ${tenant}`);
  for (const name of others) await rig.log.checkpoint(name);
  const checkpoints = concerned.map((name) => rig.log.checkpoint(name).catch(() => undefined));
  rig.wallMs += CLOCK_JUMPS_MS[below(CLOCK_JUMPS_MS.length)] ?? 0;
  over.resolve();
  const { refused } = await waiting;
  await Promise.all(checkpoints);
  rig.trouble = undefined;
  if (what === 'slow' && refused.length > 0) throw new Error(`a slow disk refused ${refused.join()}`);
  return refused.length;
}

/** @returns the tenants of the records that were refused. */
async function appendAll(rig: Rig, tenants: readonly Tenant[] = TENANTS): Promise<{ readonly refused: Tenant[] }> {
  const refused: Tenant[] = [];
  const appends = tenants.flatMap((tenant) =>
    Array.from({ length: APPENDS_PER_STEP }, (_, at) => {
      rig.number += 1;
      const id = `r${rig.number}`;
      const unmapped = { phase: at % 2 === 0 ? 'intent' : 'outcome', record_id: id, status: 'success' };
      return rig.log.append(tenant, { time: rig.wallMs, unmapped }).then(
        () => void rig.acknowledged.get(tenant)?.add(id),
        () => void refused.push(tenant),
      );
    }),
  );
  await Promise.all(appends);
  return { refused };
}

async function restart(folder: string): Promise<void> {
  const log = openAuditLog({ folder, origin: 'sallyport.disk', clock: { now: () => 1 } });
  await log.opened();
  const faults = [...log.faults()].filter(([, fault]) => fault !== undefined);
  await log.close();
  if (faults.length > 0) throw new Error(`it does not start again: ${faults.join()}`);
}

function check(folder: string, acknowledged: ReadonlyMap<Tenant, ReadonlySet<string>>): void {
  for (const tenant of TENANTS) {
    const home = join(folder, tenant);
    const { problems } = verifyLog(home, readFileSync(join(home, 'vkey'), 'utf8'));
    if (problems.length > 0) throw new Error(`${tenant}: ${JSON.stringify(problems)}`);
    const kept = new Set(
      readRecords(home).records.map(
        ({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: { record_id: string } }).unmapped.record_id,
      ),
    );
    const lost = [...(acknowledged.get(tenant) ?? [])].filter((id) => !kept.has(id));
    if (lost.length > 0) throw new Error(`${tenant} lost ${lost.join()}`);
  }
}
