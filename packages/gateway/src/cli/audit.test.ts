/**
 * `sallyport audit` on a real log and on damaged copies of it: it names what is wrong, and the exit code tells wrong
 * usage from a finding.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAuditLog } from '@sallyport/server/segments/log';
import { startWriter } from '../../../server/src/segments/testing/writer.mts';
import { auditCommands } from './audit.ts';
import { runAlone, type Ran } from './testing/run.mts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-audit-cli-'));
const copy = join(root, 'copy');
const at = (name: string): string => join(copy, 'acme', name);

const folders = { data: root, audit: copy, tenants: ['acme'], tiers: ['default'], servers: ['crm'] };
const run = (...args: string[]): Promise<Ran> => runAlone(auditCommands, args, folders);

beforeAll(async () => {
  const log = openAuditLog({
    folder: join(root, 'audit'),
    origin: 'sallyport.test',
    clock: { now: () => 1_700_000_000_000 },
  });
  for (const tenant of ['acme', 'globex'])
    for (let n = 0; n < 6; n++)
      await log.append(tenant, {
        time: n,
        api: { operation: 'tools/call' },
        unmapped: { phase: 'outcome', record_id: `r${n}`, status: 'success', tenant_id: tenant },
      });
  await log.close();
});
beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(root, 'audit'), copy, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('audit verify', () => {
  it('reports a complete log as complete', async () => {
    expect(await run('verify')).toEqual({
      code: 0,
      err: '',
      out:
        'ok      tenant acme: 6 records, 6 under a signed checkpoint\n' +
        'ok      tenant globex: 6 records, 6 under a signed checkpoint\n',
    });
  });

  it.each([
    ['a public key that is gone', () => rmSync(at('vkey'))],
    [
      'a public key that is damaged',
      () => writeFileSync(at('vkey'), readFileSync(at('vkey'), 'utf8').replace('+', '-')),
    ],
  ])('%s is reported, and the other logs are still verified', async (_name, damage) => {
    const vkey = readFileSync(at('vkey'), 'utf8');
    damage();
    const { code, out } = await run('verify');
    expect(code).toBe(1);
    expect(out).toMatch(/^FAILED {2}tenant acme: vkey: the public key is missing or damaged.*\nok {6}tenant globex/);
    expect((await run('verify', '--tenant', 'acme', '--key', vkey)).out).not.toContain('no checkpoint can be checked');
  });

  it('reports checkpoints that were removed', async () => {
    rmSync(at('checkpoint'));
    rmSync(at('checkpoints'));
    const { code, out } = await run('verify', '--tenant', 'acme');
    expect([code, out]).toEqual([
      1,
      'FAILED  tenant acme: checkpoint, record 0: the checkpoint of 6 records is missing\n',
    ]);
  });
});

describe('audit prove', () => {
  it('proves a record', async () => {
    expect((await run('prove', '3', '--tenant', 'acme')).out).toBe(
      'Record 3 is in the log of 6 records that sallyport.test/acme signed.\n',
    );
  });

  it.each<[name: string, index: string, damage: () => void, says: RegExp]>([
    [
      'a record that the checkpoint does not cover',
      '99',
      () => undefined,
      /record 99 is not under the checkpoint, which covers 6 records \(0 to 5\)/,
    ],
    [
      'a log that cannot be read to its end',
      '0',
      () => writeFileSync(at('0000000000000000.seg'), readFileSync(at('0000000000000000.seg')).fill(0, 300, 310)),
      /only \d of the 6 records .* audit verify/,
    ],
    ['a log without a checkpoint', '0', () => rmSync(at('checkpoint')), /there is no checkpoint in .*acme/],
    ['a log without its public key', '0', () => rmSync(at('vkey')), /vkey is missing or damaged; give it with --key/],
    [
      'a checkpoint of another key',
      '0',
      () => cpSync(join(copy, 'globex', 'checkpoint'), at('checkpoint')),
      /checkpoint is not signed by this key/,
    ],
  ])('%s is a sentence and exit code 1', async (_name, index, damage, says) => {
    damage();
    const { code, err } = await run('prove', index, '--tenant', 'acme');
    expect(code).toBe(1);
    expect(err).toMatch(says);
  });
});

it(
  'audit tail shows the newest records, then each new one, also of a new segment or tenant',
  { timeout: 120_000 },
  async () => {
    const folder = join(root, 'tailed');
    const log = openAuditLog({ folder, origin: 'sallyport.test', clock: { now: () => 1 }, segmentBytes: 500 });
    const write = (tenant: string, n: number): Promise<void> =>
      log.append(tenant, {
        time: n,
        api: { operation: 'x' },
        unmapped: { phase: 'outcome', record_id: `${tenant}${n}`, status: 'success', tenant_id: tenant },
      });
    for (let n = 0; n < 5; n++) await write('acme', n);
    const program = fileURLToPath(new URL('../../../../test/attacks/gateway-process.ts', import.meta.url));
    const child = spawn(
      process.execPath,
      ['--conditions=sallyport-source', program, 'audit', 'tail', '--json', '--limit', '2', '--from', folder],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const gone = once(child, 'exit');
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const shown = (): string[] =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { record_id: string }).record_id);
    await expect.poll(shown, { timeout: 60_000 }).toEqual(['acme3', 'acme4']);
    for (let n = 5; n < 9; n++) await write('acme', n);
    await write('initech', 9);
    await expect
      .poll(shown, { timeout: 30_000 })
      .toEqual(['acme3', 'acme4', 'acme5', 'acme6', 'acme7', 'acme8', 'initech9']);
    child.kill('SIGTERM');
    expect(await gone).toEqual([0, null]);
    await log.close();
  },
);

it('an export of a log that is being written is complete', { timeout: 30_000 }, async () => {
  const live = join(root, 'live');
  const writer = await startWriter(live);
  const targets = Array.from({ length: 20 }, (_, at) => join(root, `export-${at}`));
  for (const target of targets) expect((await run('export', target, '--from', live)).code).toBe(0);
  await writer.kill();
  for (const target of targets)
    expect((await run('verify', '--from', target)).out).toMatch(
      /^ok {6}tenant acme: \d+ records, \d+ under a signed checkpoint\n$/,
    );
});

it.each([
  [['prove', 'abc', '--tenant', 'acme'], 'a whole number from 0'],
  [['prove', '-1', '--tenant', 'acme'], 'a whole number from 0'],
  [['prove', '1', '--tenant', 'acme', '--key', 'x'], 'name+id+key'],
  [['verify', '--key', 'x'], 'name+id+key'],
  [['search', '--status', 'sucess'], 'Allowed choices are success, refused, error, unknown.'],
])('%j is wrong usage: exit code 2, and what was expected', async (args, says) => {
  const { code, err } = await run(...args);
  expect(code).toBe(2);
  expect(err).toContain(says);
});

it('the group has an example of its own', async () =>
  expect((await run('--help')).out).toContain('Example:\n  $ sallyport audit verify'));

it('one key for several tenants is wrong usage', async () => {
  expect(await run('verify', '--key', readFileSync(at('vkey'), 'utf8'))).toMatchObject({
    code: 2,
    err: '--key is the key of one log: name it with --tenant, and with --log where the tenant has several\n',
  });
});
