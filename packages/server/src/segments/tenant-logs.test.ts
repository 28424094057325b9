/** U14: who reads a log reads that of its own tenant, and what it proves holds. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuardError } from '@sallyport/guard';
import { leafHash, openCheckpoint, verifyInclusion } from '@sallyport/guard/audit';
import { encodeFrames } from './frames.ts';
import { recordAt } from './inclusion.ts';
import { segmentsIn } from './layout.ts';
import { openAuditLog } from './log.ts';
import { createTenantLogs } from './tenant-logs.ts';
import { buildLog } from './testing/build-log.mts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-tenant-logs-'));
const folder = join(root, 'audit');
const RECORDS = 3_000;
const everything = { matches: () => true, texts: [], limit: 10, bytesMax: 1e8 };
const recordOf = (name: string) => ({ time: 1, unmapped: { phase: 'outcome', record_id: name } });

beforeAll(async () => {
  await buildLog(folder, { records: RECORDS, segmentBytes: 1_000_000 });
  const log = openAuditLog({ folder, origin: 'sallyport.test', clock: { now: () => 1 } });
  await log.append('globex', recordOf('of globex'));
  await log.close();
  const beside = openAuditLog({ folder, origin: 'sallyport.test', name: 'stdio-1', clock: { now: () => 1 } });
  await beside.append('globex', recordOf('of stdio'));
  await beside.close();
});
afterAll(() => rmSync(root, { recursive: true }));

const logs = createTenantLogs(folder);

describe('U14 a tenant', () => {
  it('finds its own records in the logs of all processes, and none of another tenant', async () => {
    const { found } = await logs.search('globex', everything);
    expect(found.map(({ log, index }) => `${log} ${index}`).sort()).toEqual(['gateway 0', 'stdio-1 0']);
    expect((await logs.search('globex', everything, 'stdio-1')).found.length).toBe(1);
  });
  it.each(['nobody', '', '..', '../audit/acme', 'x_61636d65', '+stdio-1', '_/../acme', 'acme/', '.'])(
    'named %j has no log',
    async (tenant) => {
      expect((await logs.search(tenant, everything)).found).toEqual([]);
      expect(await logs.prove(tenant, 'gateway', 0)).toBe('no_record');
    },
  );
  it.each(['', '..', '+stdio-1', 'stdio-2', 'acme', 'gateway/../acme', '../gateway'])(
    'has no log named %j',
    async (log) => {
      expect((await logs.search('globex', everything, log)).found).toEqual([]);
      expect(await logs.prove('globex', log, 0)).toBe('no_record');
    },
  );
});

describe('L4 a proof', () => {
  it.each([0, 1, 255, 256, 1_234, 2_047, RECORDS - 1])(
    'of record %i holds under the signed checkpoint',
    async (index) => {
      const proof = await logs.prove('acme', 'gateway', index);
      if (typeof proof === 'string') throw new Error(proof);
      const checkpoint = openCheckpoint(proof.checkpoint, readFileSync(join(folder, 'acme', 'vkey'), 'utf8').trim());
      expect(checkpoint?.size).toBe(proof.size);
      const { leaf, path, size } = proof;
      expect(leafHash(leaf).equals(proof.leafHash)).toBe(true);
      const claim = { leaf: leafHash(leaf), index, size, proof: path, root: checkpoint?.root ?? Buffer.alloc(32) };
      expect(verifyInclusion(claim)).toBe(true);
      expect(verifyInclusion({ ...claim, index: index + 1 })).toBe(false);
      expect(JSON.parse(leaf.toString())).toMatchObject({ time: index });
    },
  );
  it('of what is not there, is not signed or is damaged is none', async () => {
    for (const index of [RECORDS, 1e15, -1]) expect(await logs.prove('acme', 'gateway', index)).toBe('no_record');
    const vkey = join(folder, 'acme', 'vkey');
    const kept = readFileSync(vkey);
    writeFileSync(vkey, readFileSync(join(folder, 'globex', 'vkey')));
    expect(await logs.prove('acme', 'gateway', 3)).toBe('not_signed_yet');
    writeFileSync(vkey, kept);
  });
  it('reads the record from its place, not the whole segment', async () => {
    const all = await Promise.all([0, 700, 1_999, 2_999].map((index) => recordAt(join(folder, 'acme'), index)));
    expect(all.map((bytes) => (JSON.parse(String(bytes)) as { time: number }).time)).toEqual([0, 700, 1_999, 2_999]);
  });
});

it('B7 more searches than may wait are refused, and the others answer', async () => {
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => logs.search('acme', everything)));
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.length).toBe(50 - 2 - 32);
  expect(refused.every(({ reason }) => reason instanceof GuardError && reason.code === 'rate_limited')).toBe(true);
  expect((await logs.search('acme', everything)).found.length).toBe(10);
});

it('L4 a record that no checkpoint covers yet is told apart from one that does not exist', async () => {
  const last = segmentsIn(join(folder, 'acme')).at(-1) ?? '';
  appendFileSync(join(folder, 'acme', last), encodeFrames(RECORDS, [Buffer.from('{"time":1}')]));
  expect(await logs.prove('acme', 'gateway', RECORDS)).toBe('not_signed_yet');
  expect(await logs.prove('acme', 'gateway', RECORDS + 1)).toBe('no_record');
});
