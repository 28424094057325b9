/** The lines of the README for own servers, run to the letter with a server that we did not write. */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { compileCache } from '../fixtures/compile-cache.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sallyport-readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The block after the comment that names this file. */
const block = /readme-path\.test\.ts.*?```sh\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';

/** A line as a shell reads it. */
function read(line: string) {
  const [, variable, inner = line] = /^export (\w+)=\$\((.*)\)$/.exec(line) ?? [];
  const words = execFileSync(
    'bash',
    ['--norc', '-c', `sallyport() { printf '%s\\0' "$@"; }; ${inner.replace(/ &$/, '')}`],
    {
      cwd: folder,
      env: { PWD: folder },
    },
  );
  return { words: words.toString().split('\0').slice(0, -1), variable, isBackground: inner.endsWith(' &') };
}

it('leads to a call of an own server', async () => {
  mkdirSync(join(folder, 'docs'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'docs', 'hello.txt'), 'hello');
  const server = join(root, 'node_modules/@modelcontextprotocol/server-filesystem/dist/index.js');
  // No network: what npx would fetch is here.
  writeFileSync(join(folder, 'bin', 'npx'), `#!/bin/sh\nshift 2\nexec "${process.execPath}" "${server}" "$@"\n`);
  chmodSync(join(folder, 'bin', 'npx'), 0o755);
  const lines = block
    .split('\n')
    .filter((line) => line !== '')
    .map(read);
  expect(lines.map(({ words }) => words[0])).toEqual([
    'init',
    'add',
    'pins',
    'check',
    'keys',
    'start',
    'tools',
    'call',
  ]);
  const out = await new Promise<string>((resolve) =>
    execFile(
      process.execPath,
      ['--conditions=sallyport-source', join(root, 'test/e2e/readme-path.ts'), JSON.stringify([folder, lines])],
      {
        env: {
          PATH: [join(folder, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
          HOME: folder,
          ...compileCache(),
        },
      },
      (_error, stdout, stderr) => resolve(stdout === '' ? stderr : stdout),
    ),
  );
  const results = JSON.parse(out) as readonly {
    readonly words: readonly string[];
    readonly code: number;
    readonly out: string;
  }[];
  expect(results.map(({ words, code }) => [words[0], code])).toEqual(lines.map(({ words }) => [words[0], 0]));
  const outOf = (command: string): string => results.find(({ words }) => words[0] === command)?.out ?? '';
  expect(outOf('add')).toMatch(/read_text_file +only reads/);
  expect(outOf('check')).toContain('ok (1 server, 1 policy)');
  expect(outOf('tools')).toContain('files__read_text_file');
  expect(outOf('tools'), 'what changes files is permitted to nobody').not.toContain('files__write_file');
  expect(outOf('call')).toContain('[FILE] hello.txt');
});
