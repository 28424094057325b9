import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const MODULES = fileURLToPath(new URL('../../../../node_modules/', import.meta.url));

/** The oldest Node.js of the machine that is not the project's own; `undefined` where there is none. */
const oldNode = ['/usr/bin/node', '/usr/local/bin/node', '/opt/node/bin/node'].find((path) => {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(path, ['-v']).toString())?.[1]) < 22;
  } catch {
    return false;
  }
});

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-entry-')));
const entry = join(folder, 'bin', 'sallyport.js');
const PROGRAM = `export async function main(args) {
  if (args[0] === 'wait') {
    process.on('SIGTERM', () => { console.log('ended'); process.exit(7); });
    console.log('waiting ' + process.pid);
    setInterval(() => {}, 1000);
    return;
  }
  const conditioned = process.execArgv.includes('--conditions=sallyport-source');
  console.log(JSON.stringify({ version: process.version, args, conditioned }));
  process.exitCode = 3;
}`;

function run(node: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) =>
    execFile(node, [entry, ...args], (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    ),
  );
}
const keepOnly = (where: 'dist' | 'src' | undefined): void => {
  for (const name of ['dist', 'src']) rmSync(join(folder, name), { recursive: true, force: true });
  if (where === undefined) return;
  mkdirSync(join(folder, where));
  writeFileSync(
    join(folder, where, where === 'dist' ? 'main.js' : 'main.ts'),
    PROGRAM.replace('(args)', where === 'dist' ? '(args)' : '(args: readonly string[])'),
  );
};
/** Process ids of the program and of what started it, whose environment shows the variable. */
async function showing(node: string): Promise<readonly (number | undefined)[]> {
  const child = spawn(node, [entry, 'wait'], { env: { ...process.env, LAUNCHED_WITH: 'canary-7f3a' } });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const pids = [child.pid, Number(/\d+/.exec(line.toString())?.[0])];
  const found = pids.filter((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1').includes('canary-7f3a'));
  child.kill('SIGTERM');
  await once(child, 'exit');
  return found;
}
const linkModules = (yes: boolean): void => {
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
  if (yes) symlinkSync(MODULES, join(folder, 'node_modules'));
};

beforeAll(() => {
  mkdirSync(join(folder, 'bin'));
  cpSync(join(PACKAGE, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(PACKAGE, 'package.json'), join(folder, 'package.json'));
});

describe('on a Node.js that is new enough', () => {
  it('runs what is built, in this process', async () => {
    keepOnly('dist');
    expect(await run(process.execPath, ['a', '--b'])).toMatchObject({
      code: 3,
      out: `${JSON.stringify({ version: process.version, args: ['a', '--b'], conditioned: false })}\n`,
    });
  });

  it('runs the source where nothing is built', async () => {
    keepOnly('src');
    const { code, out } = await run(process.execPath, ['a']);
    expect([code, JSON.parse(out)]).toEqual([3, { version: process.version, args: ['a'], conditioned: true }]);
  });

  it('says what is missing', async () => {
    keepOnly(undefined);
    expect(await run(process.execPath, [])).toMatchObject({
      code: 1,
      err: expect.stringContaining('the package is not complete') as string,
    });
  });

  it('keeps process id and signals when it starts itself anew', async () => {
    keepOnly('src');
    const child = spawn(process.execPath, [entry, 'wait']);
    const lines: string[] = [];
    const code = await new Promise<number | null>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        lines.push(chunk.toString().trim());
        if (lines.length === 1) child.kill('SIGTERM');
      });
      child.on('exit', resolve);
    });
    expect([code, lines]).toEqual([7, [`waiting ${child.pid}`, 'ended']]);
  });
});

it('the source is a program too, for npm run dev', async () => {
  const source = join(PACKAGE, 'src', 'main.ts');
  const out = await new Promise<string>((resolve) =>
    execFile(process.execPath, ['--conditions=sallyport-source', source, '--version'], (_error, text) => resolve(text)),
  );
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe.skipIf(process.platform !== 'linux')('H18 the environment that other processes can read is empty', () => {
  it.each([
    ['what is built', 'dist'],
    ['the source, for which it starts itself anew', 'src'],
  ] as const)('of %s', async (_what, where) => {
    keepOnly(where);
    expect(await showing(process.execPath)).toEqual([]);
  });

  it.skipIf(oldNode === undefined)('of both processes, where an older Node.js starts a newer one', async () => {
    keepOnly('dist');
    linkModules(true);
    expect(await showing(oldNode ?? '')).toEqual([]);
  });
});

describe.skipIf(oldNode === undefined)('on an older Node.js', () => {
  it('runs on the Node.js that the package depends on', async () => {
    keepOnly('dist');
    linkModules(true);
    const { code, out } = await run(oldNode ?? '', ['x']);
    expect([code, JSON.parse(out)]).toEqual([3, { version: process.version, args: ['x'], conditioned: false }]);
  });

  it('passes signals on and ends with the same code', async () => {
    keepOnly('src');
    linkModules(true);
    const child = spawn(oldNode ?? '', [entry, 'wait']);
    const code = await new Promise<number | null>((resolve) => {
      child.stdout.once('data', () => child.kill('SIGTERM'));
      child.on('exit', resolve);
    });
    expect(code).toBe(7);
  });

  it('says what to install when there is none', async () => {
    keepOnly('dist');
    linkModules(false);
    const { code, err } = await run(oldNode ?? '', []);
    expect(code).toBe(1);
    expect(err).toMatch(/needs Node\.js .*>=26, and this is v.*Install a newer Node\.js/);
  });
});
