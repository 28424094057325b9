/** `sallyport keys` on a real store: a key that could not work is not made. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../adapters/sqlite/store.ts';
import { keysCommands } from './keys.ts';
import { runAlone, type Ran } from './testing/run.mts';

const folder = mkdtempSync(join(tmpdir(), 'keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]): Promise<Ran> =>
  runAlone(keysCommands, args, {
    data: folder,
    audit: join(folder, 'audit'),
    tenants: ['acme', 'globex'],
    tiers: ['default', 'trial'],
    servers: [],
  });

describe('keys create', () => {
  it.each<[args: string[], code: number, says: string]>([
    [['--tenant', 'acne', '--name', 'x'], 1, 'The configuration has no tenant acne; did you mean acme?'],
    [['--tenant', 'initech', '--name', 'x'], 1, 'The configuration has no tenant initech; it names acme, globex'],
    [
      ['--tenant', 'acme', '--name', 'x', '--tier', 'trail'],
      1,
      'The configuration has no tier trail; did you mean trial?',
    ],
    [['--tenant', 'acme', '--name', ''], 2, '--name and --subject must not be empty'],
    [['--tenant', 'acme', '--name', 'x', '--subject', ''], 2, '--name and --subject must not be empty'],
    [['--tenant', 'acme', '--name', 'x', '--days', '1.5'], 2, '--days must be a whole number of days'],
  ])('%j makes no key', async (args, code, says) => {
    const ran = await run('create', ...args);
    expect([ran.code, ran.out]).toEqual([code, '']);
    expect(ran.err).toContain(says);
    expect((await run('list', '--json')).out).toBe('[]\n');
  });
});

it('a store that cannot be opened is named', () => {
  writeFileSync(join(folder, 'plain'), '');
  expect(() => openStore(join(folder, 'plain', 'sallyport.db'))).toThrow(/^.*plain\/sallyport\.db cannot be opened: /);
  expect(() => openStore(folder)).toThrow(`${folder} cannot be opened: EISDIR`);
});

it('a list shows whose key each one is', async () => {
  const made = JSON.parse(
    (
      await run(
        'create',
        '--tenant',
        'acme',
        '--name',
        'laptop',
        '--subject',
        'alice',
        '--role',
        'admin',
        '--tier',
        'trial',
        '--days',
        '0',
        '--json',
      )
    ).out,
  ) as { id: string };
  await run('create', '--tenant', 'globex', '--name', 'ci');
  const lines = (await run('list')).out.split('\n');
  expect(lines).toContainEqual(`${made.id}  acme    alice  laptop  admin  never expires`);
  expect(lines.find((line) => line.includes('globex'))).toMatch(
    /^[0-9a-f]{16} {2}globex {2}ci {5}ci {13}until \d{4}-\d\d-\d\d$/,
  );
});

it('prints the same members as JSON whatever they are called in the program', async () => {
  const created = JSON.parse(
    (await run('create', '--tenant', 'acme', '--name', 'json', '--days', '1', '--json')).out,
  ) as {
    id: string;
    createdAt: number;
  };
  expect(created).toEqual({
    key: expect.stringMatching(/^sp_[0-9a-f]{16}_/) as string,
    id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    tenant: 'acme',
    subject: 'json',
    name: 'json',
    roles: [],
    scopes: [],
    createdAt: expect.any(Number) as number,
    expiresAt: created.createdAt + 86_400_000,
  });
  await run('revoke', created.id);
  const listed = JSON.parse((await run('list', '--json')).out) as { id: string }[];
  expect(listed.find(({ id }) => id === created.id)).toEqual({
    id: created.id,
    tenant: 'acme',
    subject: 'json',
    name: 'json',
    roles: [],
    scopes: [],
    createdAt: created.createdAt,
    expiresAt: created.createdAt + 86_400_000,
    revokedAt: expect.any(Number) as number,
  });
});
