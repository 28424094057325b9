/** Programs for tools: no shell, no options by values, a clean environment, limits, and nothing left. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contextOf } from '../../../../test/fixtures/call-context.ts';
import { openFiles, type Files } from '../files/index.ts';
import { arg, openCommand, type CommandPart } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'shell-'));
const acme = contextOf('acme');
let files: Files;
const printed = {
  program: '/usr/bin/printf',
  args: ['[%s]', arg.text('word', { pattern: '[^-]?.*(?s:.)*' })],
} as const;
/** A shell, which the author of a test may use. */
const script = (text: string): { program: string; launcher: 'allowed'; args: readonly string[] } => ({
  program: '/bin/sh',
  launcher: 'allowed',
  args: ['-c', text],
});
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 10));
};
const pidIn = (file: string): number => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  );

beforeAll(async () => {
  mkdirSync(join(folder, 'root'));
  writeFileSync(join(folder, 'root/a.txt'), 'content');
  writeFileSync(join(folder, 'secret'), 'OUTSIDE');
  symlinkSync(join(folder, 'secret'), join(folder, 'root/link'));
  files = await openFiles({ root: join(folder, 'root'), tenancy: { by: 'shared' } });
});
afterAll(async () => {
  await files?.close();
  rmSync(folder, { recursive: true });
});

describe('R4 a value', () => {
  it.each([
    '$(id)',
    '`id`',
    '; id',
    '| id',
    '&& id',
    '> /tmp/x',
    '$HOME',
    "' id '",
    '" id "',
    '*',
    '~',
    '\\x',
    'a\nid',
    '%s',
  ])('stays one argument, and no shell reads it: %s', async (word) => {
    const command = openCommand(printed);
    expect(await command.run(acme, { word })).toEqual({
      exitCode: 0,
      stdout: `[${word}]`,
      stderr: '',
      isComplete: true,
    });
  });

  it.each(['-n', '--help', '-', '--', '-oProxyCommand=id', '--upload-pack=id'])('is no option: %s', async (word) => {
    expect(await codeOf(openCommand(printed).run(acme, { word }))).toBe('INVALID_ARGUMENT');
    const allowing = openCommand({
      program: '/usr/bin/printf',
      args: ['[%s]', arg.text('word', { pattern: '.*', dash: 'allowed' })],
    });
    expect((await allowing.run(acme, { word })).stdout).toBe(`[${word}]`);
  });

  it('J10 J11 is refused when it does not fit its rule; patterns match the whole text, nothing is converted', async () => {
    const command = openCommand({
      program: '/usr/bin/printf',
      args: [
        '%s ',
        arg.text('branch', { pattern: 'main|[a-z]+/[a-z]+', maxLength: 10 }),
        arg.integer('count', { min: 1, max: 9 }),
        arg.choice('format', ['json', 'text']),
        arg.flag('all', '--all'),
        arg.option('-n', arg.integer('lines', { min: -5, max: 5 })),
      ],
    });
    const right = { branch: 'main', count: 3, format: 'json' } as const;
    expect((await command.run(acme, right)).stdout).toBe('main 3 json ');
    expect((await command.run(acme, { ...right, all: true, lines: 2 })).stdout).toBe('main 3 json --all -n 2 ');
    expect((await command.run(acme, { ...right, all: false })).stdout).toBe('main 3 json ');
    const wrong: readonly Record<string, unknown>[] = [
      { branch: 'main\n' },
      { branch: 'xmain' },
      { branch: 'mainx' },
      { branch: 'a/b; id' },
      { branch: '' },
      { branch: 'aaaaaa/aaaaaa' },
      { branch: ['main'] },
      { branch: null },
      { branch: undefined },
      { count: '3' },
      { count: 10 },
      { count: 1.5 },
      { format: 'xml' },
      { format: 'toString' },
      { all: 'true' },
      { lines: -1 },
      { other: 1 },
      { __proto__: 1, constructor: 1 },
    ];
    for (const values of wrong)
      expect([values, await codeOf(command.run(acme, { ...right, ...values } as never))]).toEqual([
        values,
        'INVALID_ARGUMENT',
      ]);
    // @ts-expect-error a required value is missing
    expect(await codeOf(command.run(acme, { branch: 'main', count: 3 }))).toBe('INVALID_ARGUMENT');
    expect(command.inputSchema).toMatchObject({ required: ['branch', 'count', 'format'], additionalProperties: false });
  });

  it('R1 of a text has no NUL and no lone surrogate', async () => {
    for (const word of ['a\0b', '\ud800'])
      expect(await codeOf(openCommand(printed).run(acme, { word }))).toBe('INVALID_ARGUMENT');
  });

  it('of a path is a file below the root, R14 and never a link', async () => {
    const command = openCommand({
      program: '/bin/cat',
      doubleDash: true,
      args: ['-n', arg.list(arg.path('paths', { files }))],
    });
    expect((await command.run(acme, { paths: ['a.txt', 'a.txt'] })).stdout).toContain('content');
    for (const path of ['../secret', '/etc/passwd', 'link', 'none', '-n', '', 'a.txt\0'])
      expect([path, await codeOf(command.run(acme, { paths: [path] }))]).not.toEqual([path, 'done']);
    expect(await codeOf(command.run(acme, { paths: [] }))).toBe('INVALID_ARGUMENT');
    const folders = openCommand({ program: '/bin/ls', args: [arg.path('folder', { files, kind: 'folder' })] });
    expect(await codeOf(folders.run(acme, { folder: 'a.txt' }))).toBe('PERMISSION_DENIED');
  });

  it('stands behind -- where the program takes it, and before it where it is an option', async () => {
    const word = arg.text('word', { pattern: '.*' });
    const parts: readonly CommandPart[] = ['%s ', arg.option('-n', arg.integer('lines', { min: 1, max: 5 })), word];
    const command = openCommand({ program: '/usr/bin/printf', args: parts, doubleDash: true });
    expect((await command.run(acme, { lines: 2, word: 'x' } as never)).stdout).toBe('-n 2 -- x ');
    const own = openCommand({ program: '/usr/bin/printf', args: ['%s ', '--', word], doubleDash: true });
    expect((await own.run(acme, { word: 'x' })).stdout).toBe('-- x ');
  });
});

describe('A22 a program', () => {
  it.each(
    ['/bin/sh', '/bin/bash', 'dash', '/usr/bin/env', 'xargs', 'sudo', 'timeout', 'find'].filter((name) => {
      return name.includes('/') ? existsSync(name) : ['/usr/bin', '/bin'].some((path) => existsSync(join(path, name)));
    }),
  )('that runs other programs is refused: %s', (program) => {
    expect(() => openCommand({ program, args: [] })).toThrow('runs other programs');
  });

  it('that is a link to a shell is refused, too', () => {
    symlinkSync('/bin/sh', join(folder, 'harmless'));
    expect(() => openCommand({ program: join(folder, 'harmless'), args: [] })).toThrow('runs other programs');
  });

  it('is found once, in the folders of the system, and not in the working folder or the PATH', () => {
    writeFileSync(join(folder, 'tool'), '#!/bin/sh\necho own', { mode: 0o755 });
    expect(() => openCommand({ program: 'tool', args: [], cwd: folder, env: { PATH: folder } })).toThrow(
      'no program tool',
    );
    expect(() => openCommand({ program: './tool', args: [], cwd: folder })).toThrow('absolute path or a name');
    chmodSync(join(folder, 'tool'), 0o777);
    expect(() => openCommand({ program: join(folder, 'tool'), args: [] })).toThrow('everybody may change');
    expect(() => openCommand({ program: folder, args: [] })).toThrow('there is no program');
  });

  it('has the environment that is listed for it, and no input', async () => {
    process.env['SALLYPORT_TEST_SECRET'] = 'hunter2';
    const command = openCommand({ ...script('export -p; cat; pwd'), env: { LISTED: 'yes' }, cwd: folder });
    const { stdout } = await command.run(acme, {});
    delete process.env['SALLYPORT_TEST_SECRET'];
    const names = [...stdout.matchAll(/^export ([A-Z_]+)/gm)].map(([, name]) => name);
    expect(names.filter((name) => !['OLDPWD', 'PWD', 'SHLVL', '_'].includes(name ?? '')).sort()).toEqual(
      ['LANG', 'LISTED', 'PATH', 'SALLYPORT_CHILD'].sort(),
    );
    expect(stdout).toContain(folder);
    for (const name of ['LD_PRELOAD', 'NODE_OPTIONS', 'BASH_ENV', 'PYTHONSTARTUP'])
      expect(() => openCommand({ program: '/bin/cat', args: [], env: { [name]: 'x' } })).toThrow('something else');
  });
});

describe('a run', () => {
  it('ends with everything that it started: by its time, wherever that went', async () => {
    const file = join(folder, 'left');
    const text = `setsid sh -c 'echo $$ > ${file}; exec sleep 3600' & setsid sleep 3600 & sleep 3600`;
    const command = openCommand({ ...script(text), timeoutMs: 700 });
    const running = codeOf(command.run(acme, {}));
    await until(() => pidIn(file) > 0);
    expect(await running).toBe('TIMEOUT');
    await until(() => !isAlive(pidIn(file)));
  });

  it('ends when the call is cancelled, and does not wait for what a program left behind', async () => {
    const file = join(folder, 'cancelled');
    const cancel = new AbortController();
    const command = openCommand(script(`echo $$ > ${file}; exec sleep 3600`));
    const running = command.run(contextOf('acme', { signal: cancel.signal }), {});
    await until(() => pidIn(file) > 0);
    cancel.abort(new Error('the caller went away'));
    await expect(running).rejects.toThrow('the caller went away');
    expect(isAlive(pidIn(file))).toBe(false);
    const left = join(folder, 'behind');
    const leaving = openCommand(
      script(`sh -c 'echo $$ > ${left}; exec sleep 3600' & until [ -s ${left} ]; do :; done; echo done`),
    );
    expect((await leaving.run(acme, {})).stdout).toBe('done\n');
    await until(() => !isAlive(pidIn(left)));
    expect(await codeOf(leaving.run(contextOf('acme', { signal: cancel.signal }), {}))).toContain('went away');
  });

  it('B6 ends when it writes too much, and its output is cut and plain', async () => {
    const endless = openCommand({ program: '/usr/bin/yes', args: [], outputBytesMax: 1_000 });
    const { stdout, isComplete, note } = await endless.run(acme, {});
    expect([stdout.length, isComplete]).toEqual([1_000, false]);
    expect(note).toContain('cut after 1000 bytes');
    const coloured = openCommand({ program: '/usr/bin/printf', args: ['\\033[31mred\\033[0m'] });
    expect((await coloured.run(acme, {})).stdout).toBe('red');
    const failing = await openCommand(script('echo wrong >&2; exit 3')).run(acme, {});
    expect(failing).toEqual({ exitCode: 3, stdout: '', stderr: 'wrong\n', isComplete: true });
  });

  it('B7 has limits of processor, memory and files, and a share for each tenant', async () => {
    const loop = openCommand({ ...script('while :; do :; done'), limits: { cpuSeconds: 1 }, timeoutMs: 600_000 });
    expect(await codeOf(loop.run(acme, {}))).toBe('TIMEOUT');
    const limits = { memoryBytes: 32 * 1024 * 1024, fileBytes: 1_000 };
    const file = join(folder, 'large');
    const large = openCommand({ ...script(`yes | head -c 100000 > ${file}; tail /dev/zero; echo $?`), limits });
    expect((await large.run(acme, {})).stdout).not.toBe('0\n');
    expect(readFileSync(file).length).toBe(1_000);
    const started = join(folder, 'started');
    const slow = openCommand({ ...script(`echo $$ > ${started}; exec sleep 3600`), runsMax: 2 });
    const cancel = new AbortController();
    const first = slow.run(contextOf('acme', { signal: cancel.signal }), {});
    await until(() => pidIn(started) > 0);
    expect(await codeOf(slow.run(acme, {}))).toBe('RATE_LIMITED');
    cancel.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
  });

  it('is not opened with settings that cannot be used', () => {
    const program = '/bin/cat';
    expect(() => openCommand({ program, args: [], timeoutMs: 0 })).toThrow('timeoutMs');
    expect(() => openCommand({ program, args: [], outputBytesMax: 1e9 })).toThrow('outputBytesMax');
    expect(() => openCommand({ program, args: [], cwd: 'relative' })).toThrow('no folder');
    expect(() => openCommand({ program, args: [], limits: { cpuSeconds: 0 } })).toThrow('cpuSeconds');
    expect(() => openCommand({ program, args: [arg.flag('a', '-a'), arg.flag('a', '-b')] })).toThrow('same name');
    expect(() => arg.text('x', { pattern: ')|(' })).toThrow();
    expect(() => arg.text('x', { pattern: '(a+)+\\1' })).toThrow();
    expect(() => arg.choice('x', ['-x'])).toThrow('no option');
    expect(() => arg.flag('x', 'x; id')).toThrow('no option');
    expect(() => arg.text('__proto__', { pattern: 'x' })).toThrow('plain name');
  });
});
