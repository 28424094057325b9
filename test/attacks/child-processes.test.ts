/**
 * H18: what a stdio server can do to the gateway that started it, and how it ends with the gateway. The program runs as
 * it is installed, by its launcher.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compileCache } from '../fixtures/compile-cache.ts';
import { openInstallation, type Installation } from './installation.ts';
import { connect } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const LAUNCHER = fileURLToPath(new URL('../../packages/gateway/bin/sallyport.js', import.meta.url));
const SPYING = fileURLToPath(new URL('./spying-server.ts', import.meta.url));
const SECRET = 'tok-5d41402abc4b2a76b9719d911017c592';
const TIMEOUT_MS = 120_000;

let upstream: Upstream;
let installation: Installation;
let file: string;
beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('alpha')] });
  installation = await openInstallation({ servers: {} });
  file = join(installation.folder, 'pids');
  const web = { url: upstream.url, headers: { Authorization: { secret: 'env:WEB_TOKEN', prefix: 'Bearer ' } } };
  installation.write({
    ...installation.settings,
    servers: { web, spy: { command: [process.execPath, SPYING, file] } },
  });
});
afterAll(async () => {
  await installation?.close();
  await upstream?.close();
});
beforeEach(() => rmSync(file, { force: true }));

let gateway: ChildProcess | undefined;
afterEach(() => void gateway?.kill('SIGKILL'));

async function start(): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--conditions=sallyport-source', LAUNCHER, 'start', '--json', '--config', installation.config],
    {
      env: { PATH: process.env['PATH'] ?? '', WEB_TOKEN: SECRET, ...compileCache() },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  child.stderr?.resume();
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

async function call(server: string, name: string, args: Record<string, unknown>): Promise<string> {
  const client = await connect(`${installation.url}/mcp/${server}`, await installation.token('alice'), 'modern');
  const { result } = await client.call({ id: 1, name, arguments: args }).done;
  return (result?.['content'] as { text: string }[])[0]?.text ?? '';
}

/** Of the servers and their daemons. */
const processes = (): readonly number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];

const isAlive = (pid: number): boolean => {
  try {
    // A zombie has ended, and waits for a parent that asks for it.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds())
    await new Promise((done) => {
      setTimeout(done, 20);
    });
}

describe.skipIf(process.platform !== 'linux')('H18 a stdio server', () => {
  it(
    'finds the secrets of other servers in no environment, and ends with a gateway that is killed',
    async () => {
      gateway = await start();
      const backwards = [...SECRET].reverse().join('');
      expect(JSON.parse(await call('spy', 'look', { backwards }))).toEqual({ found: [], read: 1 });
      const authorization = (): unknown => upstream.received.at(-1)?.headers.authorization;
      await call('web', 'alpha', { a: 'x' });
      expect(authorization()).toBe(`Bearer ${SECRET}`);
      // Two children: one of the gateway's own, one of alice.
      await until(() => processes().length === 4);
      gateway.kill('SIGKILL');
      await until(() => !processes().some(isAlive));
    },
    TIMEOUT_MS,
  );

  it(
    'ends on SIGTERM, with its daemon',
    async () => {
      gateway = await start();
      await until(() => processes().length === 2);
      expect(processes().every(isAlive)).toBe(true);
      gateway.kill('SIGTERM');
      expect(await once(gateway, 'exit')).toEqual([0, null]);
      await until(() => !processes().some(isAlive));
    },
    TIMEOUT_MS,
  );
});
