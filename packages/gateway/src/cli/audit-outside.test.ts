/** L4: what is missing from a log is named; what only a checkpoint kept elsewhere can show is shown with one. */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { openAuditLog, type SegmentAuditLog } from '@sallyport/server/segments/log';
import { auditCommands } from './audit.ts';
import { runAlone, type Ran } from './testing/run.mts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-outside-'));
const log = join(root, 'audit');
const older = join(root, 'older');
const copy = join(root, 'copy');
const kept = join(root, 'kept');
const at = (name: string): string => join(copy, 'acme', name);
const folders = { data: root, audit: copy, tenants: ['acme'], tiers: ['default'], servers: ['crm'] };
const run = (...args: string[]): Promise<Ran> => runAlone(auditCommands, args, folders);

const record = (id: string): AuditRecord => ({
  time: 1,
  api: { operation: 'tools/call' },
  unmapped: { phase: 'outcome', record_id: id, status: 'success' },
});
const open = (folder: string): SegmentAuditLog =>
  openAuditLog({ folder, origin: 'sallyport.test', clock: { now: () => 1 }, checkpointEveryMs: 2_000_000_000 });

async function write(folder: string, from: number, to: number): Promise<void> {
  const audit = open(folder);
  for (const tenant of ['acme', 'globex'])
    for (let n = from; n < to; n++) {
      await audit.append(tenant, record(`${tenant}${n}`));
      await audit.checkpoint(tenant);
    }
  await audit.close();
}

beforeAll(async () => {
  await write(log, 0, 4);
  cpSync(log, older, { recursive: true });
  await write(log, 4, 8);
  writeFileSync(kept, ['acme', 'globex'].map((tenant) => readFileSync(join(log, tenant, 'checkpoint'))).join('\n'));
});
beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(log, copy, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('L4: a file of a log that is gone or was changed is named', () => {
  const segment = '0000000000000000.seg';
  const listed = (): string[] =>
    readFileSync(at('checkpoints'), 'utf8')
      .split(/(?<=\n— [^\n]+\n)\n/)
      .filter(Boolean);
  const list = (notes: readonly string[]): void =>
    writeFileSync(at('checkpoints'), notes.map((note) => `${note}\n`).join(''));

  it.each<[name: string, damage: () => void, says: RegExp]>([
    ['leaves', () => rmSync(at('leaves')), /leaves, record 0: the hashes of 8 records are missing/],
    ['checkpoint', () => rmSync(at('checkpoint')), /checkpoint: the file is missing/],
    ['checkpoints', () => rmSync(at('checkpoints')), /checkpoints: the file is missing/],
    ['resume', () => rmSync(at('resume')), /resume: the file is missing/],
    [
      'notes at the end of the list',
      () => list(listed().slice(0, -2)),
      /checkpoints: the checkpoint of 8 records is missing/,
    ],
    [
      'a note twice',
      () => list([...listed(), ...listed().slice(-1)]),
      /checkpoints: checkpoint 8 repeats the one before it/,
    ],
    ['notes that shrink', () => list([...listed(), ...listed().slice(0, 1)]), /checkpoints: checkpoint 8 is smaller/],
    [
      'an older checkpoint',
      () => cpSync(join(older, 'acme', 'checkpoint'), at('checkpoint')),
      /checkpoint: checkpoint 0 is smaller/,
    ],
    [
      'a hash more than there are records',
      () => appendFileSync(at('leaves'), readFileSync(at('leaves')).subarray(0, 32)),
      /leaves, record 8: it has the hashes of 1 more records/,
    ],
    [
      'all that is signed',
      () => ['leaves', 'checkpoint', 'checkpoints', 'resume'].map((name) => rmSync(at(name))),
      /checkpoint, record 0: nothing has signed the 8 records yet: .* The next start signs the records/,
    ],
    [
      'the first of two lists',
      () => renameSync(at('checkpoints'), at('0000000000000004.checkpoints')),
      /checkpoints: the file is missing/,
    ],
    ['a segment', () => rmSync(at(segment)), /checkpoint covers 1 records, and only 0 can be read/],
    [
      'a segment of another tenant',
      () => cpSync(join(copy, 'globex', segment), at(segment)),
      /a record between 0 and 0 was changed after it was checkpointed/,
    ],
    [
      'the whole log of another tenant',
      () => {
        rmSync(join(copy, 'acme'), { recursive: true });
        cpSync(join(copy, 'globex'), join(copy, 'acme'), { recursive: true });
      },
      /vkey: the log is that of sallyport\.test\/globex, and not of this folder/,
    ],
  ])('%s', async (_name, damage, says) => {
    damage();
    const { code, out } = await run('verify');
    expect([code, out]).toEqual([1, expect.stringMatching(says)]);
    expect(out).toContain('ok      tenant globex');
  });
});

describe('L4: with checkpoints that were kept elsewhere', () => {
  const verify = (): Promise<Ran> => run('verify', '--checkpoint', kept);

  it('a complete log is complete, and its later records do not matter', async () => {
    expect(await verify()).toMatchObject({ code: 0, err: '' });
    await write(copy, 8, 10);
    expect(await verify()).toMatchObject({ code: 0 });
  });

  it('an older copy of everything is named; without them it looks complete', async () => {
    rmSync(copy, { recursive: true });
    cpSync(older, copy, { recursive: true });
    expect(await run('verify')).toMatchObject({ code: 0 });
    const { code, out } = await verify();
    expect([code, out]).toEqual([1, expect.stringContaining('it covers 8 records, and the log has 4: an older copy')]);
  });

  it('a log that was continued from an older copy is named', async () => {
    rmSync(copy, { recursive: true });
    cpSync(older, copy, { recursive: true });
    const audit = open(copy);
    for (let n = 0; n < 6; n++) await audit.append('acme', record(`other${n}`));
    await audit.close();
    const { code, out } = await run('verify', '--tenant', 'acme', '--checkpoint', kept);
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('the first 8 records are not those of the outside checkpoint'),
    ]);
  });

  it('a tenant whose log is gone, or that has the log of another one, is named', async () => {
    rmSync(join(copy, 'acme'), { recursive: true });
    expect(await run('verify')).toMatchObject({ code: 0 });
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('sallyport.test/acme') });
    cpSync(join(log, 'globex'), join(copy, 'acme'), { recursive: true });
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('sallyport.test/acme') });
  });

  it('they may be behind an address', async () => {
    const server = createServer((_request, response) => response.end(readFileSync(kept)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address() as { port: number };
    expect(await run('verify', '--checkpoint', `http://127.0.0.1:${address.port}/`)).toMatchObject({ code: 0 });
    server.close();
  });
});
