/** L4: `audit verify --witness` against a witness that is a process of its own and remembers what it signed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { openAuditLog } from '@sallyport/server/segments/log';
import { auditCommands } from './audit.ts';
import { runAlone, type Ran } from './testing/run.mts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-witness-'));
const [log, older, copy] = [join(root, 'audit'), join(root, 'older'), join(root, 'copy')];
const folders = { data: root, audit: copy, tenants: ['acme'], tiers: ['default'], servers: ['crm'] };
let witness: { readonly url: string; readonly vkey: string };
let witnessProcess: ChildProcess;

const run = (...args: string[]): Promise<Ran> => runAlone(auditCommands, args, folders);
const verify = (...more: string[]): Promise<Ran> =>
  run('verify', '--tenant', 'acme', '--witness', witness.url, '--witness-key', witness.vkey, ...more);

async function write(folder: string, ids: readonly string[]): Promise<void> {
  const audit = openAuditLog({ folder, origin: 'sallyport.test', clock: { now: () => 1 } });
  for (const tenant of ['acme', 'globex'])
    for (const id of ids) {
      const record: AuditRecord = { time: 1, unmapped: { phase: 'outcome', record_id: id, status: 'success' } };
      await audit.append(tenant, record);
      await audit.checkpoint(tenant);
    }
  await audit.close();
}

/** Starts the witness on what it remembers. */
async function startWitness(): Promise<void> {
  const program = fileURLToPath(new URL('./testing/witness.mts', import.meta.url));
  const keys = ['acme'].map((tenant) => readFileSync(join(log, tenant, 'vkey'), 'utf8').trim());
  witnessProcess = spawn(process.execPath, ['--conditions=sallyport-source', program, join(root, 'seen'), ...keys], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(witnessProcess.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  witness = JSON.parse(line.toString()) as typeof witness;
}

async function stopWitness(): Promise<void> {
  const gone = once(witnessProcess, 'exit');
  witnessProcess.kill();
  await gone;
}

beforeAll(async () => {
  await write(log, ['r0', 'r1', 'r2']);
  await startWitness();
  cpSync(log, copy, { recursive: true });
  expect(await verify()).toMatchObject({ code: 0 });
  cpSync(log, older, { recursive: true });
  await write(log, ['r3', 'r4', 'r5', 'r6']);
  // The witness remembers over a restart of its own.
  await stopWitness();
  await startWitness();
});
beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(log, copy, { recursive: true });
});
afterAll(async () => {
  await stopWitness();
  rmSync(root, { recursive: true, force: true });
});

describe('L4: a witness', () => {
  it('signs a log that continues what it saw, and says when; then an older copy is found out', async () => {
    const { code, out } = await verify();
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^ok {6}tenant acme: 7 records, 7 under .*, seen by the witness at 20\d\d-/),
    ]);
    // Once more: the same checkpoint is no fault.
    expect(await verify()).toMatchObject({ code: 0 });
    rmSync(copy, { recursive: true });
    cpSync(older, copy, { recursive: true });
    expect(await run('verify'), 'complete in itself').toMatchObject({ code: 0 });
    expect(await verify()).toMatchObject({
      code: 1,
      out: expect.stringContaining('witness: it holds a checkpoint of 7 records, and the log has one of 3: an older'),
    });
  });

  it.each([
    ['of the same size', 4],
    ['that is longer', 9],
  ])('does not sign a log that was written anew from an older copy, %s', async (_name, more) => {
    rmSync(copy, { recursive: true });
    cpSync(older, copy, { recursive: true });
    await write(
      copy,
      Array.from({ length: more }, (_, n) => `other${n}`),
    );
    expect(await run('verify'), 'complete in itself').toMatchObject({ code: 0 });
    expect(await verify()).toMatchObject({
      code: 1,
      out: expect.stringContaining('witness: the first 7 records are not those that it holds: the log was written'),
    });
  });

  it('what it signed can be kept anywhere: only such checkpoints count with its key', async () => {
    const [result] = JSON.parse((await verify('--json')).out) as [{ cosigned: { note: string } }];
    const kept = join(root, 'kept');
    writeFileSync(kept, result.cosigned.note);
    const offline = (): Promise<Ran> => run('verify', '--checkpoint', kept, '--witness-key', witness.vkey);
    expect(await offline()).toMatchObject({ code: 0, err: '' });
    rmSync(join(copy, 'acme'), { recursive: true });
    expect(await offline()).toMatchObject({ code: 1, err: expect.stringContaining('no log here has the key') });
    writeFileSync(kept, readFileSync(join(log, 'acme', 'checkpoint')));
    expect(await offline()).toMatchObject({ code: 1, err: expect.stringContaining('no signature of the witness') });
  });

  it('a log with faults of its own is not shown to it, and one that it does not know is named', async () => {
    const seen = readFileSync(join(root, 'seen'), 'utf8');
    await write(copy, ['r7']);
    rmSync(join(copy, 'acme', 'resume'));
    expect((await verify()).out).not.toContain('witness');
    expect(readFileSync(join(root, 'seen'), 'utf8')).toBe(seen);
    const args = ['--witness', witness.url, '--witness-key', witness.vkey];
    expect((await run('verify', '--tenant', 'globex', ...args)).out).toContain('witness: it does not know this log');
  });
});

describe('L4: what answers in the place of the witness', () => {
  let server: Server;
  let answer: (body: string) => readonly [number, string];
  const asked = async (): Promise<Ran> => {
    const { port } = server.address() as AddressInfo;
    return run('verify', '--tenant', 'acme', '--witness', `http://127.0.0.1:${port}`, '--witness-key', witness.vkey);
  };
  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      const [status, text] = answer(request.url ?? '');
      response.writeHead(status).end(text);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => void server.close());

  it.each<[name: string, status: number, text: string, says: RegExp]>([
    ['an answer without a signature', 200, '', /not signed by the key/],
    ['a size that grows', 409, '5\n', /not those that it holds/],
    ['no size', 409, 'many\n', /it answered 409/],
    ['an error', 500, '', /it answered 500/],
    ['a redirect', 307, '', /it cannot be asked|it answered 307/],
  ])('%s is a fault', async (_name, status, text, says) => {
    answer = () => [status, text];
    expect(await asked()).toMatchObject({ code: 1, out: expect.stringMatching(says) });
  });

  it('an old signature that is repeated is a fault', async () => {
    const [result] = JSON.parse((await verify('--json')).out) as [{ cosigned: { note: string } }];
    const line = result.cosigned.note.trimEnd().split('\n').at(-1) ?? '';
    answer = () => [200, `${line}\n`];
    expect(await asked()).toMatchObject({ code: 0 });
    const { Date: RealDate } = globalThis;
    const later = RealDate.now() + 3_600_000;
    globalThis.Date = class extends RealDate {
      static override now = (): number => later;
    } as DateConstructor;
    const { code, out } = await asked().finally(() => (globalThis.Date = RealDate));
    expect([code, out]).toEqual([1, expect.stringContaining('an old answer was repeated')]);
  });

  it('nobody is a fault, and no key is wrong usage', async () => {
    expect(await run('verify', '--witness', witness.url)).toMatchObject({ code: 2 });
    expect(await run('verify', '--witness', witness.url, '--witness-key', 'x')).toMatchObject({ code: 2 });
    const args = ['--witness', 'http://127.0.0.1:1/', '--witness-key', witness.vkey];
    expect((await run('verify', '--tenant', 'acme', ...args)).out).toContain('witness: it cannot be asked');
  });
});
