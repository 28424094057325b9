/**
 * Bits of an audit folder that flip, one at a time. `audit verify` names each, or nothing that was recorded is another
 * thing; a start stops nobody but the tenant whose log it is, and nothing that was recorded vanishes in silence.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realFiles, type LogFiles } from '../../packages/server/src/segments/files.ts';
import { openAuditLog, type SegmentAuditLog } from '../../packages/server/src/segments/log.ts';
import { readRecords, verifyLog } from '../../packages/server/src/segments/verify.ts';
import type { Below } from './random.ts';

const TENANTS = ['_', 'acme', 'globex'] as const;
type Tenant = (typeof TENANTS)[number];
const RECORDS = 14;
const HEAD_BYTES = 100;

/** Nothing here is about what a disk keeps. */
const UNSYNCED: LogFiles = { ...realFiles, sync: async () => undefined, syncAll: async () => undefined };

const open = (folder: string): SegmentAuditLog =>
  openAuditLog({
    folder,
    origin: 'sallyport.flips',
    clock: { now: () => 1 },
    segmentBytes: 3_000,
    checkpointEveryMs: 2_000_000_000,
    files: UNSYNCED,
  });

const record = (id: string, phase: string) => ({
  time: 1,
  unmapped: { phase, record_id: id, status: 'success', filler: 'x'.repeat(120) },
});

/** Logs that were written, and what is in them. */
export interface Written {
  readonly root: string;
  /** The audit folder. */
  readonly folder: string;
  /** Every file in it, with a path from the folder on. */
  readonly files: readonly string[];
  readonly records: ReadonlyMap<Tenant, readonly string[]>;
  readonly vkeys: ReadonlyMap<Tenant, string>;
}

/** Records of three tenants in several segments, some under a checkpoint, some behind it, as after a kill. */
export async function writeLogs(): Promise<Written> {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-flips-'));
  const [live, folder] = [join(root, 'live'), join(root, 'written')];
  const log = open(live);
  for (let number = 0; number < RECORDS; number++) {
    for (const tenant of TENANTS) await log.append(tenant, record(`r${number}`, 'intent'));
    for (const tenant of TENANTS) await log.append(tenant, record(`r${number}`, 'outcome'));
    if (number % 3 === 1) for (const tenant of TENANTS) await log.checkpoint(tenant);
  }
  cpSync(live, folder, { recursive: true });
  await log.close();
  rmSync(live, { recursive: true });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const status = statSync(join(folder, name));
    return status.isFile() && status.size > 0;
  });
  const read = <Value>(of: (home: string) => Value): Map<Tenant, Value> =>
    new Map(TENANTS.map((tenant) => [tenant, of(join(folder, tenant))]));
  const vkeys = read((home) => readFileSync(join(home, 'vkey'), 'utf8'));
  return { root, folder, files: files.sort(), records: read(textsIn), vkeys };
}

const textsIn = (home: string): string[] => readRecords(home).records.map(({ bytes }) => bytes.toString());

/** What became of a flipped bit. */
export interface Flipped {
  readonly what: string;
  /** Verify found nothing wrong. */
  readonly isHarmless: boolean;
  /** What must not be; nothing when all is well. */
  readonly faults: readonly string[];
}

/** Flips one bit of one file, looks, starts, and looks again. */
export async function flipOne(written: Written, below: Below): Promise<Flipped> {
  const { root, files } = written;
  const name = files[below(files.length)] ?? '';
  const folder = join(root, 'flipped');
  cpSync(written.folder, folder, { recursive: true });
  const bytes = readFileSync(join(folder, name));
  // Half of them at the beginning, where formats have what everything else hangs on.
  const bit = below(8 * (below(2) === 0 ? bytes.length : Math.min(bytes.length, HEAD_BYTES)));
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  writeFileSync(join(folder, name), bytes);
  const owner = TENANTS.find((tenant) => name.startsWith(`${tenant}/`));
  const isHarmless = owner !== undefined && problemsOf(written, folder, owner).length === 0;
  const faults = [
    ...(isHarmless ? changedIn(written, folder, owner).map((what) => `verify did not name ${what}`) : []),
    ...(await startAfter(written, folder, name, owner)),
  ];
  rmSync(folder, { recursive: true });
  return { what: `${name} bit ${bit}`, isHarmless, faults };
}

const problemsOf = ({ vkeys }: Written, folder: string, tenant: Tenant) =>
  verifyLog(join(folder, tenant), vkeys.get(tenant) ?? '').problems;

/** Records that are not what or where they were. */
function changedIn({ records }: Written, folder: string, tenant: Tenant): string[] {
  const now = textsIn(join(folder, tenant));
  return (records.get(tenant) ?? []).flatMap((text, index) =>
    now[index] === text ? [] : [`record ${index} of ${tenant}`],
  );
}

const KEY = 'master.key';

async function startAfter(
  written: Written,
  folder: string,
  name: string,
  owner: Tenant | undefined,
): Promise<readonly string[]> {
  let log: SegmentAuditLog;
  try {
    log = open(folder);
  } catch (thrown) {
    const { message } = thrown as Error;
    // A30: every log hangs on this key, so the start says that it is another one, and leaves all logs as they are.
    if (name !== KEY || !message.includes(KEY)) return [`nobody can start: ${message}`];
    return TENANTS.flatMap((tenant) => changedIn(written, folder, tenant));
  }
  await log.opened();
  const faults: string[] = [];
  for (const tenant of TENANTS) {
    const refused = await log.append(tenant, record('after', 'outcome')).then(
      () => undefined,
      (thrown: Error) => thrown.message,
    );
    if (refused !== undefined && tenant !== owner)
      faults.push(`${tenant} is stopped by the log of ${owner}: ${refused}`);
    if (refused !== undefined && !refused.includes(`--tenant ${tenant}`))
      faults.push(`no command is named: ${refused}`);
  }
  await log.close();
  for (const tenant of TENANTS) faults.push(...lostIn(written, folder, tenant));
  return faults;
}

/** Records that are gone although verify is content, and no record of a recovery says so. */
function lostIn(written: Written, folder: string, tenant: Tenant): string[] {
  if (problemsOf(written, folder, tenant).length > 0) return [];
  const isSaid = textsIn(join(folder, tenant)).some((text) => /"set_aside_bytes":[1-9]/.test(text));
  return isSaid ? [] : changedIn(written, folder, tenant).map((what) => `lost in silence: ${what}`);
}
