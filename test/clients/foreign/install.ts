/**
 * Puts foreign packages into a cache folder outside the repository: an `npm install`, a virtual environment or a
 * `go install` for each, under a name with the version in it, so that a second run finds what the first one installed.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Ecosystem } from './server.ts';

/** Where everything foreign is installed. */
export const CACHE = process.env['SALLYPORT_FOREIGN_CACHE'] ?? join(tmpdir(), 'sallyport-foreign');

const INSTALL_TIMEOUT_MS = 900_000;

export interface Wanted {
  readonly ecosystem: Ecosystem;
  readonly package: string;
  readonly version: string;
  /** What is installed with it, where the package does not say which versions it works with. */
  readonly also?: readonly string[];
}

/**
 * The folder with the package's programs.
 *
 * @throws Error whose first line says why it cannot be installed here.
 */
export async function install(wanted: Wanted): Promise<string> {
  const folder = join(
    CACHE,
    wanted.ecosystem.toLowerCase(),
    `${wanted.package}@${wanted.version}`.replaceAll('/', '+'),
  );
  const done = join(folder, '.installed');
  const programs = join(folder, ...PROGRAMS[wanted.ecosystem]);
  if (existsSync(done)) return programs;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await INSTALLERS[wanted.ecosystem](wanted, folder);
  writeFileSync(done, '');
  return programs;
}

const PROGRAMS: Readonly<Record<Ecosystem, readonly string[]>> = {
  npm: ['node_modules', '.bin'],
  PyPI: ['bin'],
  Go: ['bin'],
};

const INSTALLERS: Readonly<Record<Ecosystem, (wanted: Wanted, folder: string) => Promise<void>>> = {
  npm: async (wanted, folder) => {
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    const named = `${wanted.package}@${wanted.version}`;
    const install = ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', named];
    await runProgram(install, { cwd: folder, env: WITHOUT_BROWSERS });
  },
  PyPI: async (wanted, folder) => {
    await runProgram(['python3', '-m', 'venv', folder], { cwd: folder });
    const pip = join(folder, 'bin', 'pip');
    const named = [`${wanted.package}==${wanted.version}`, ...(wanted.also ?? [])];
    await runProgram([pip, 'install', '--quiet', '--no-compile', ...named], { cwd: folder });
  },
  Go: async (wanted, folder) => {
    const env = { GOBIN: join(folder, 'bin'), GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' };
    await runProgram([...AT_LOW_PRIORITY, 'go', 'install', `${wanted.package}@${wanted.version}`], {
      cwd: folder,
      env,
    });
  },
};

/** Install scripts download browsers from hosts that are no package registry. */
const WITHOUT_BROWSERS = {
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
  PUPPETEER_SKIP_DOWNLOAD: '1',
  PUPPETEER_SKIP_CHROMIUM_DOWNLOAD: '1',
};

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The beginning of a command that compiles for minutes: other work on the machine goes first. */
export const AT_LOW_PRIORITY: readonly string[] = process.platform === 'win32' ? [] : ['nice', '-n', '15'];

/** A line that says why a program failed; most of them write much more. */
const TELLING = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|Error: |error: )/;

/** @throws Error with the line that says why, and the end of what the program wrote. @returns its standard output. */
export const runProgram = (command: readonly string[], { cwd, env = {} }: RunOptions): Promise<string> =>
  new Promise((resolve, reject) => {
    // Their own Node.js first: programs that begin with `env node` then run on the one that runs this.
    const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    execFile(
      command[0] ?? '',
      command.slice(1),
      { cwd, env: { ...process.env, PATH: path, ...env }, timeout: INSTALL_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const said = `${stderr}${stdout}`.trim();
        const why = said.split('\n').find((line) => TELLING.test(line)) ?? '';
        return reject(
          new Error(`${command.slice(0, 2).join(' ')}: ${why}\n${said.slice(-600) || error.message}`.trim()),
        );
      },
    );
  });
