/**
 * Opens what a process left behind: checks the last checkpoint against the leaf hashes and the records, drops only an
 * incomplete last frame that no checkpoint covers, and finds the intents that have no outcome.
 */
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRecord } from '@sallyport/guard';
import { createFrontier, leafHash, openCheckpoint, type Frontier } from '@sallyport/guard/audit';
import { decodeFrames, type Frame } from './frames.ts';
import { SEGMENT_NAME } from './layout.ts';

/** The log cannot be served: a person must look. */
export class AuditLogInconsistent extends Error {
  constructor(folder: string, index: number, what: string) {
    super(`the audit log in ${folder} is inconsistent at record ${index}: ${what}; run sallyport audit verify, and do not delete anything`);
    this.name = 'AuditLogInconsistent';
  }
}

export interface Recovered {
  readonly frontier: Frontier;
  /** First index and size in bytes of the segment that is written to; `undefined` in an empty log. */
  readonly segment: { readonly first: number; readonly bytes: number } | undefined;
  readonly checkpointSize: number;
  readonly truncatedBytes: number;
  readonly orphans: readonly AuditRecord[];
}

export function recover(folder: string, vkey: string): Recovered {
  const checkpoint = readCheckpoint(folder, vkey);
  const names = readdirSync(folder).filter((name) => SEGMENT_NAME.test(name)).sort();
  const frontier = createFrontier();
  const open = new Map<string, AuditRecord>();
  const leaves: Buffer[] = [];
  let truncatedBytes = 0;
  let segment: Recovered['segment'];
  for (const name of names) {
    const first = Number(SEGMENT_NAME.exec(name)?.[1]);
    if (first !== frontier.size) throw new AuditLogInconsistent(folder, frontier.size, `segment ${name} does not follow`);
    const file = join(folder, name);
    const { frames, fault } = decodeFrames(readFileSync(file), first);
    for (const frame of frames) take(frame, frontier, open, leaves);
    if (fault !== undefined) {
      if (name !== names.at(-1) || fault.index < (checkpoint?.size ?? 0) || !fault.incomplete) throw new AuditLogInconsistent(folder, fault.index, fault.what);
      truncatedBytes = statSync(file).size - fault.offset;
      truncateSync(file, fault.offset);
    }
    segment = { first, bytes: statSync(file).size };
    if (checkpoint !== undefined && checkpoint.size >= first && checkpoint.size <= frontier.size) checkRoot(folder, checkpoint, leaves);
  }
  if (checkpoint !== undefined && frontier.size < checkpoint.size) throw new AuditLogInconsistent(folder, frontier.size, `the last checkpoint covers ${checkpoint.size} records`);
  writeFileSync(join(folder, 'leaves'), Buffer.concat(leaves));
  return { frontier, segment, checkpointSize: checkpoint?.size ?? 0, truncatedBytes, orphans: [...open.values()] };
}

function take(frame: Frame, frontier: Frontier, open: Map<string, AuditRecord>, leaves: Buffer[]): void {
  const leaf = leafHash(frame.bytes);
  frontier.append(leaf);
  leaves.push(leaf);
  const record = JSON.parse(frame.bytes.toString()) as { unmapped: { phase: string; record_id: string } };
  const { phase, record_id: id } = record.unmapped;
  if (phase === 'intent') open.set(id, record as unknown as AuditRecord);
  else open.delete(id);
}

function checkRoot(folder: string, checkpoint: { readonly size: number; readonly root: Buffer }, leaves: readonly Buffer[]): void {
  const covered = createFrontier();
  for (const leaf of leaves.slice(0, checkpoint.size)) covered.append(leaf);
  if (!covered.root().equals(checkpoint.root)) throw new AuditLogInconsistent(folder, firstDifference(folder, leaves), 'the records do not give the root of the last checkpoint');
}

/** The leaf hashes were written by themselves, so where they differ from the records is where something was changed. */
function firstDifference(folder: string, leaves: readonly Buffer[]): number {
  const file = join(folder, 'leaves');
  const kept = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const index = leaves.findIndex((leaf, at) => at * 32 + 32 <= kept.length && !leaf.equals(kept.subarray(at * 32, at * 32 + 32)));
  return Math.max(0, index);
}

function readCheckpoint(folder: string, vkey: string) {
  const file = join(folder, 'checkpoint');
  if (!existsSync(file)) return undefined;
  const checkpoint = openCheckpoint(readFileSync(file, 'utf8'), vkey);
  if (checkpoint === undefined) throw new AuditLogInconsistent(folder, 0, 'the last checkpoint is not signed by this log’s key');
  return checkpoint;
}
