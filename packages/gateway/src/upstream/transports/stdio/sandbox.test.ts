/** A third-party server in a sandbox, from end to end: it does its work, and reaches nothing else. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@sallyport/guard';
import { createConfiner } from '@sallyport/server/sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SandboxSettings } from '../../../snapshot.ts';
import { createHarness, NODE_PATH, serverSettings, type UpstreamHarness } from '../../testing/harness.mts';

const root = realpathSync(`${import.meta.dirname}/../../../../../..`);
const modules = realpathSync(`${root}/node_modules`);
const filesystem = `${modules}/@modelcontextprotocol/server-filesystem/dist/index.js`;
const MEBIBYTE = 1024 ** 2;
const SANDBOX: SandboxSettings = {
  network: [],
  readOnly: [],
  writable: [],
  memoryBytes: 256 * MEBIBYTE,
  cpus: undefined,
  processes: 64,
  scratchBytes: MEBIBYTE,
  openFiles: 256,
};
const confiner = await createConfiner().catch((error: Error) => {
  process.stderr.write(`skipped: ${error.message}\n`);
  return undefined;
});

let folder: string;
let harness: UpstreamHarness;
const inside = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandboxed-')));
  for (const name of ['read', 'write', 'outside']) spawnSync('mkdir', [inside(name)]);
  writeFileSync(inside('read/a.txt'), 'allowed');
  writeFileSync(inside('outside/b.txt'), 'canary');
  const program = (args: readonly string[], sandbox: Partial<SandboxSettings>, env: Record<string, string> = {}) => ({
    ...{ kind: 'stdio' as const, command: NODE_PATH, args, env, cwd: undefined },
    sandbox: { ...SANDBOX, ...sandbox },
  });
  const places = { readOnly: [modules, inside('read')], writable: [inside('write')] };
  const glutton = 'const held = []; setInterval(() => held.push(Buffer.alloc(16 * 2 ** 20, 1)), 1)';
  harness = createHarness([
    // The server itself would serve every file.
    serverSettings('files', program([filesystem, '/'], places)),
    serverSettings('glutton', program(['-e', glutton], { memoryBytes: 128 * MEBIBYTE }), { era: 'legacy' }),
    serverSettings('missing', program([filesystem, '/'], { readOnly: [inside('nowhere')] }), { era: 'legacy' }),
  ]);
  if (confiner !== undefined) await harness.discover();
});
afterAll(async () => {
  await harness.close();
  rmSync(folder, { recursive: true });
});

const textOf = (value: JsonObject): string => ((value['content'] as { text: string }[])[0] as { text: string }).text;
const call = async (name: string, args: JsonObject): Promise<string> =>
  textOf(await harness.callTool('files', name, args));

describe.skipIf(confiner === undefined)('a server of somebody else in a sandbox', () => {
  it('reads and writes what is declared', async () => {
    expect(harness.upstreams.ready()['files']).toBeUndefined();
    expect(await call('read_text_file', { path: inside('read/a.txt') })).toBe('allowed');
    await call('write_file', { path: inside('write/new.txt'), content: 'written' });
    expect(readFileSync(inside('write/new.txt'), 'utf8')).toBe('written');
  });

  it('X5 cannot read or write outside, also where it means to', async () => {
    expect(await call('read_text_file', { path: inside('outside/b.txt') })).toMatch(/ENOENT|not exist|denied/);
    expect(await call('read_text_file', { path: '/etc/shadow' })).toMatch(/ENOENT|not exist|denied/);
    expect(await call('write_file', { path: inside('read/a.txt'), content: 'x' })).toMatch(/EROFS|read-only/);
    expect(readFileSync(inside('read/a.txt'), 'utf8')).toBe('allowed');
    expect(await call('list_directory', { path: folder })).toBe('[DIR] read\n[DIR] write');
    // Its /tmp is its own, and is gone with it.
    await call('write_file', { path: inside('new.txt'), content: 'x' });
    expect(existsSync(inside('new.txt'))).toBe(false);
    symlinkSync(inside('outside/b.txt'), inside('write/link'));
    expect(await call('read_text_file', { path: inside('write/link') })).toMatch(/ENOENT|not exist|denied/);
  });

  it('X6 X7 sees neither the gateway nor its environment', async () => {
    const seen = await call('list_directory', { path: '/proc' });
    expect(seen).toContain('[DIR] 1');
    expect(seen).not.toContain(`[DIR] ${process.pid}\n`);
    expect(await call('read_text_file', { path: '/proc/self/environ' })).not.toContain('VITEST');
  });

  it('X2 is ended beyond its memory, and the reason says so', () => {
    expect(harness.upstreams.ready()['glutton']).toContain('exceeded its sandbox (memory)');
  });

  it('is not started when a declared folder is not there, and the reason names it', () => {
    expect(harness.upstreams.ready()['missing']).toContain(inside('nowhere'));
  });

  it('is not started where there is no sandbox, and check says what to do', () => {
    const file = inside('sallyport.yaml');
    writeFileSync(file, `servers: { files: { command: [${NODE_PATH}, x.js], pin: approval, sandbox: {} } }\n`);
    const main = `${root}/packages/gateway/src/main.ts`;
    const node = [NODE_PATH, '--conditions=sallyport-source', main, 'check', '--servers', '--config', file];
    const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
    const ran = spawnSync('unshare', ['-Ur', 'sh', '-c', forbid, 'sh', ...node], { encoding: 'utf8' });
    expect(ran.stderr).toMatch(/files cannot be reached: .*user namespaces are forbidden/);
    expect(ran.status).toBe(1);
  });
});
