import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject, Digest } from '@sallyport/guard';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../adapters/sqlite/store.ts';
import { pinsCommands } from './pins.ts';
import { runAlone, type Ran } from './testing/run.mts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pins-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

async function fill(document: JsonObject = { name: 'echo', description: 'Does echo.' }): Promise<void> {
  const store = openStore(join(folder, 'sallyport.db'));
  await store.pins.approve({
    server: 'crm',
    kind: 'tool',
    name: 'echo',
    digest: digest('a') as Digest,
    document: { name: 'echo', description: 'Echoes.' },
    approvedAtMs: 0,
    approvedBy: 'first_use',
  });
  await store.pins.savePending({
    server: 'crm',
    kind: 'tool',
    name: 'echo',
    digest: digest('b') as Digest,
    document,
    seenAtMs: 0,
  });
  await store.pins.savePending({
    server: 'crm',
    kind: 'tool',
    name: 'new',
    digest: digest('c') as Digest,
    document: { name: 'new' },
    seenAtMs: 0,
  });
  store.close();
}

const run = (...args: string[]): Promise<Ran> =>
  runAlone(pinsCommands, args, {
    data: folder,
    audit: join(folder, 'audit'),
    tenants: ['acme'],
    tiers: ['default'],
    servers: ['crm'],
  });

describe('pins', () => {
  it('lists what is approved and what waits', async () => {
    expect((await run('list')).err).toContain('Nothing is pinned yet');
    await fill();
    expect((await run('list', 'crm')).out.split('\n')).toHaveLength(4);
    expect((await run('list', '--pending')).out).not.toContain('first_use');
    expect(JSON.parse((await run('list', '--json')).out)).toMatchObject({
      pins: [{ name: 'echo' }],
      pending: [{ name: 'echo' }, { name: 'new' }],
    });
    expect(await run('list', '--kind', 'toool')).toMatchObject({ code: 2 });
  });

  it('an unknown server is an error; nothing pinned is reported differently from nothing changed', async () => {
    for (const args of [
      ['list', 'crn'],
      ['diff', 'crn'],
      ['approve', 'crn', '--all'],
    ])
      expect(await run(...args), args[0]).toMatchObject({
        code: 1,
        out: '',
        err: 'The configuration has no server crn; did you mean crm?\n',
      });
    expect(await run('diff', 'crm')).toMatchObject({
      code: 0,
      err: expect.stringContaining('Nothing is pinned yet') as string,
    });
    await fill();
    expect((await run('approve', 'crm', '--all')).code).toBe(0);
    expect(await run('diff', 'crm')).toMatchObject({ code: 0, err: 'What was last seen is what was approved.\n' });
    expect(await run('diff', 'crm', 'ecoh')).toMatchObject({ code: 1, err: 'Nothing is pinned under that name.\n' });
    expect(await run('list', '--pending')).toMatchObject({ code: 0, out: '', err: 'Nothing waits for approval.\n' });
  });

  it('prints the same members as JSON whatever they are called in the program', async () => {
    await fill();
    expect((await run('list', '--json', '--kind', 'tool')).out).toBe(
      `{"pins":[{"server":"crm","kind":"tool","name":"echo","digest":"${digest('a')}",` +
        '"approvedAt":0,"approvedBy":"first_use"}],' +
        `"pending":[{"server":"crm","kind":"tool","name":"echo","digest":"${digest('b')}","seenAt":0},` +
        `{"server":"crm","kind":"tool","name":"new","digest":"${digest('c')}","seenAt":0}]}\n`,
    );
    expect(JSON.parse((await run('diff', '--json')).out)).toEqual({
      changes: [
        {
          server: 'crm',
          kind: 'tool',
          name: 'echo',
          digest: digest('b'),
          document: { name: 'echo', description: 'Does echo.' },
          seenAt: 0,
          pinned: {
            server: 'crm',
            kind: 'tool',
            name: 'echo',
            digest: digest('a'),
            document: { name: 'echo', description: 'Echoes.' },
            approvedAt: 0,
            approvedBy: 'first_use',
          },
        },
        {
          server: 'crm',
          kind: 'tool',
          name: 'new',
          digest: digest('c'),
          document: { name: 'new' },
          seenAt: 0,
          pinned: null,
        },
      ],
    });
  });

  it('shows what changed and exits 1', async () => {
    expect(await run('diff')).toMatchObject({ code: 0 });
    await fill();
    const { out, code } = await run('diff', 'crm', 'echo');
    expect(code).toBe(1);
    expect(out).toContain('-   "description": "Echoes.",\n+   "description": "Does echo.",\n    "name": "echo"');
    expect(out).toContain(digest('b'));
  });

  it('A2 control, bidirectional and zero-width characters are printed as escapes', async () => {
    await fill({ name: 'echo', description: 'safe\u202e\u200bevil\u001b[2J\u0007' });
    const { out } = await run('diff', 'crm', 'echo');
    expect(out).toMatch(/\\u\{202e\}.*\\u\{200b\}.*\\u001b/);
    expect(out).not.toMatch(/[\p{Cf}\u0007\u001b]/u);
  });

  it('approves exactly what was reviewed', async () => {
    await fill();
    expect(await run('approve', 'crm')).toMatchObject({ code: 2 });
    expect(await run('approve', 'crm', 'echo', '--digest', digest('f'))).toMatchObject({ code: 1 });
    expect(await run('approve', 'crm', 'echo', '--digest', digest('b'))).toMatchObject({ code: 0 });
    const store = openStore(join(folder, 'sallyport.db'));
    expect(await store.pins.pins()).toMatchObject([
      { name: 'echo', digest: digest('b'), approvedBy: expect.stringMatching(/^cli:/) as string },
    ]);
    expect((await store.pins.pending()).map(({ name }) => name)).toEqual(['new']);
    store.close();
    expect((await run('approve', 'crm', '--all', '--json')).out).toContain(digest('c'));
    expect(await run('approve', 'crm', 'nothing')).toMatchObject({ code: 1 });
  });

  it('rejects exactly what was reviewed; it stays withheld, and can be approved nevertheless', async () => {
    await fill();
    expect(await run('reject', 'crm')).toMatchObject({ code: 2 });
    expect(await run('reject', 'crm', 'echo', '--digest', digest('f'))).toMatchObject({ code: 1 });
    const { out } = await run('reject', 'crm', 'echo', '--digest', digest('b'), '--json');
    expect(JSON.parse(out)).toEqual({
      rejected: [{ server: 'crm', kind: 'tool', name: 'echo', digest: digest('b') }],
    });
    expect((await run('list', '--pending')).out).toMatch(/echo.*rejected by cli:.*\n.*new.*waits for approval/);
    expect(await run('reject', 'crm', 'echo')).toMatchObject({ code: 1, out: '' });
    expect(await run('approve', 'crm', 'echo')).toMatchObject({ code: 0 });
  });

  it('has an example in every help', async () => {
    for (const command of ['list', 'diff', 'approve', 'reject'])
      expect((await run(command, '--help')).out).toContain('Example:');
  });
});
