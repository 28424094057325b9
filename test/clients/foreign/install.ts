/**
 * Puts foreign packages into a cache folder outside the repository: an `npm install`, a virtual environment or a
 * `go install` for each, under a name with the version in it, so that a second run finds what the first one installed.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_LOW_PRIORITY, runProgram } from './programs.ts';
import type { Ecosystem } from './server.ts';

/** Where everything foreign is installed. */
export const CACHE = process.env['SALLYPORT_FOREIGN_CACHE'] ?? join(tmpdir(), 'sallyport-foreign');

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
