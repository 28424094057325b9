/**
 * Power cuts under load: a process records calls of three tenants while every change to its files is written down.
 * Then the disk is put together as it may be after a power failure at any moment, and the log is started from it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createReadStream,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AuditRecord } from '@sallyport/guard';
import { realFiles, type LogFiles } from '../../packages/server/src/segments/files.ts';
import { openAuditLog, type SegmentAuditLog } from '../../packages/server/src/segments/log.ts';
import { tenantFolder } from '../../packages/server/src/segments/layout.ts';
import { readRecords, verifyLog } from '../../packages/server/src/segments/verify.ts';
import type { FileEvent } from './file-events.ts';
import {
  checkTraced,
  cutPower,
  isDurable,
  isWritten,
  openDisk,
  writeLeft,
  type Disk,
  type IsIgnored,
} from './power-cut.ts';
import type { Below } from './random.ts';

const program = fileURLToPath(new URL('../crash/killed-process.ts', import.meta.url));
const tracer = fileURLToPath(new URL('./trace-files.ts', import.meta.url));
export const TENANTS = ['acme', 'globex', 'initech'] as const;
const LOSS_ALL = 10;

/** What the process promised: `<record id> <phase>` by tenant. */
export type Promised = ReadonlyMap<string, ReadonlySet<string>>;

/** A run of the process that was written down. */
export interface Traced {
  /** The disk before the run, in a folder that is no longer written to. */
  readonly before: string;
  /** The folder that the paths of the events name. */
  readonly folder: string;
  readonly events: readonly FileEvent[];
  /** What earlier processes promised that wrote the same log. */
  readonly promised: Promised;
}

/**
 * Runs the process until so many calls were answered.
 * @param root a folder for everything.
 * @param before the disk to begin with; an empty one unless given.
 */
export async function trace(
  root: string,
  calls: number,
  before?: { readonly folder: string; readonly promised: Promised },
): Promise<Traced> {
  const home = mkdtempSync(join(root, 'traced-'));
  const [copy, folder, file] = ['before', 'disk', 'events'].map((name) => join(home, name)) as [string, string, string];
  for (const to of [copy, folder])
    if (before === undefined) mkdirSync(to);
    else cpSync(before.folder, to, { recursive: true });
  const child = spawn(
    process.execPath,
    ['--conditions=sallyport-source', '--import', tracer, program, join(folder, 'audit'), String(calls)],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TRACED_FOLDER: folder, TRACE_FILE: file } },
  );
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the traced process ended with ${code}: ${stderr}`);
  const events: FileEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(file) }))
    events.push(JSON.parse(line) as FileEvent);
  const traced = { before: copy, folder, events, promised: before?.promised ?? new Map() };
  checkTraced(replay(traced, events.length), folder);
  return traced;
}

/** @returns the disk after so many events. */
function replay({ before, folder, events }: Traced, count: number, isIgnored?: IsIgnored): Disk {
  const disk = openDisk(before, folder, isIgnored);
  for (const event of events.slice(0, count)) disk.take(event);
  return disk;
}

/**
 * What a checkpoint claims is durable before the checkpoint is: each write and each name is synced before the next
 * step, on every checkpoint of the run.
 * @param omitted syncs that are taken for none, to see that this finds it.
 * @returns the steps that came too early.
 */
export function earlySteps(traced: Traced, omitted?: Omitted): string[] {
  const disk = openDisk(traced.before, traced.folder, isOmitted(omitted));
  const early = new Set<string>();
  for (const event of traced.events) {
    if (event.event === 'begin' && event.change === 'rename') {
      const [home, name] = [dirname(event.to ?? ''), basename(event.to ?? '')];
      const listed = [...disk.seen.keys()].filter((path) => dirname(path) === home);
      const lists = listed.map((path) => basename(path)).filter((file) => file.endsWith('checkpoints'));
      const needed = { checkpoint: ['leaves'], resume: ['checkpoint', ...lists] }[name];
      if (name === 'checkpoint' && !isWritten(disk, event.path)) early.add('checkpoint has its name before its text');
      for (const file of needed ?? [])
        if (!isDurable(disk, join(home, file))) early.add(`${name} before ${file.replace(/^\d+/, '')} is durable`);
    }
    disk.take(event);
  }
  return [...early];
}

function promisedBy(disk: Disk, earlier: Promised): Promised {
  const promised = new Map(TENANTS.map((tenant) => [tenant as string, new Set(earlier.get(tenant))]));
  for (const line of disk.said.join('').split('\n')) {
    const [what, tenant = '', id = ''] = line.split(' ');
    if (what === 'executed') promised.get(tenant)?.add(`${id} intent`);
    if (what === 'answered') promised.get(tenant)?.add(`${id} outcome`);
  }
  return promised;
}

/** A disk after a cut, and the log on it. */
export interface Cut {
  /** The disk as it was found after the cut. */
  readonly folder: string;
  readonly promised: Promised;
}

/** The name of every sync that a test may leave out. */
export type Omitted = 'segments' | 'leaves' | 'checkpoint lists' | 'folders' | 'checkpoint' | 'everything';

const OMITTED: Readonly<Record<Omitted, RegExp>> = {
  segments: /\.seg$/,
  leaves: /\/leaves$/,
  'checkpoint lists': /checkpoints$/,
  folders: /\/(?:disk|audit|acme|globex|initech)$/,
  checkpoint: /\/checkpoint\.new$/,
  everything: /./,
};

const isOmitted = (omitted: Omitted | undefined): IsIgnored | undefined =>
  omitted && ((path) => OMITTED[omitted].test(path));

/**
 * Cuts the power somewhere in the run.
 * @param to does not exist yet.
 * @param omitted syncs that are taken for none, to see that this finds it.
 * @returns what is on the disk then.
 */
export function cut(traced: Traced, below: Below, to: string, omitted?: Omitted): Cut {
  const { events, folder } = traced;
  // Every fourth cut is near the beginning, where a log is made or recovered.
  const count = below(below(4) === 0 ? Math.ceil(events.length / 20) : events.length);
  const disk = replay(traced, count, isOmitted(omitted));
  const losses = new Map(TENANTS.map((tenant) => [tenant as string, [0, 3, 7, LOSS_ALL][below(4)] ?? LOSS_ALL]));
  const common = below(LOSS_ALL + 1);
  const lossAt = (path: string): number => losses.get(path.slice(folder.length).split('/')[2] ?? '') ?? common;
  writeLeft(cutPower(disk, below, lossAt), folder, to);
  return { folder: to, promised: promisedBy(disk, traced.promised) };
}

/** Nothing is cut while the log is started from what is left, so its syncs need not wait for a disk. */
const UNSYNCED: LogFiles = { ...realFiles, sync: async () => undefined, syncAll: async () => undefined };

const open = (folder: string): SegmentAuditLog =>
  openAuditLog({
    folder: join(folder, 'audit'),
    origin: 'sallyport.crash',
    clock: { now: () => 1 },
    segmentBytes: 64 * 1024,
    checkpointEveryMs: 2_000_000_000,
    files: UNSYNCED,
  });

const AFTER: AuditRecord = { time: 1, unmapped: { phase: 'outcome', record_id: 'after', status: 'success' } };

interface Fields {
  readonly record_id: string;
  readonly phase: string;
  readonly status?: string;
  readonly set_aside_files?: readonly string[];
}

const fieldsIn = (home: string): Fields[] =>
  existsSync(home)
    ? readRecords(home).records.map(({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: Fields }).unmapped)
    : [];

/**
 * Starts the log from what is left, records something of each tenant, and compares it with what was promised. The
 * folder of the cut stays as it is.
 * @returns what is wrong; nothing when all is well.
 */
export async function startAfter({ folder, promised }: Cut): Promise<string[]> {
  const copy = `${folder}-started`;
  cpSync(folder, copy, { recursive: true });
  try {
    const log = open(copy);
    await log.opened();
    for (const tenant of TENANTS) await log.append(tenant, AFTER);
    for (const tenant of TENANTS) await log.checkpoint(tenant);
    await log.close();
    return TENANTS.flatMap((tenant) => faultsOf(tenant, copy, promised.get(tenant) ?? new Set()));
  } catch (thrown) {
    return [`the log does not start: ${(thrown as Error).message}`];
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function faultsOf(tenant: string, folder: string, promised: ReadonlySet<string>): string[] {
  const home = tenantFolder(join(folder, 'audit'), tenant);
  const { problems } = verifyLog(home, readFileSync(join(home, 'vkey'), 'utf8'));
  const fields = fieldsIn(home);
  const kept = new Set(fields.map(({ record_id: id, phase }) => `${id} ${phase}`));
  const lost = [...promised].filter((record) => !kept.has(record));
  const open = fields.filter(({ record_id: id, phase }) => phase === 'intent' && !kept.has(`${id} outcome`));
  const named = new Set(fields.flatMap((record) => record.set_aside_files ?? []));
  const aside = readdirSync(home).filter((name) => /\.(?:torn|set-aside)$/.test(name));
  const unnamed = aside.filter((name) => !named.has(name.replace(/\.[a-z-]+$/, '')));
  return [
    ...problems.map(({ file, index, what }) => `${tenant}: ${file} ${index ?? ''}: ${what}`),
    ...lost.slice(0, 3).map((record) => `${tenant}: ${lost.length} promised records are lost, such as ${record}`),
    ...open.slice(0, 3).map(({ record_id: id }) => `${tenant}: an intent was not closed: ${id}`),
    ...unnamed.map((name) => `${tenant}: no record names ${name}`),
  ];
}

export const cutsFolder = (): string => mkdtempSync(join(tmpdir(), 'sallyport-cuts-'));
