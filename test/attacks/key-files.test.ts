/** A30: keys that are missing, short, empty, examples, damaged or readable by others stop the start; nothing is served with them. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sendHttp } from './http-client.ts';
import { openInstallation, startGatewayProcess, type Installation } from './installation.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

// Processes start, and time passes on purpose; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });

let upstream: Upstream;
let installation: Installation;
beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('alpha')] });
  installation = await openInstallation({ servers: { one: { url: upstream.url } } });
});
afterAll(async () => {
  await installation.close();
  await upstream.close();
});
beforeEach(() => rmSync(installation.data, { recursive: true, force: true }));

const SEALING = { file: 'sallyport.key', bytes: 32 };
const AUDIT = { file: join('audit', 'master.key'), bytes: 64 };
const good = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 167 + 13) % 256));
/** The sealing key is text, the audit key is bytes. */
const written = (file: string, key: Buffer): string | Buffer =>
  file === SEALING.file ? `${key.toString('base64url')}\n` : key;

function put({ file }: { readonly file: string }, content: string | Buffer, mode = 0o600): string {
  const path = join(installation.data, file);
  mkdirSync(join(installation.data, 'audit'), { recursive: true, mode: 0o700 });
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

async function refusesToStart(path: string): Promise<void> {
  const before =
    existsSync(path) && statSync(path).isFile() && (statSync(path).mode & 0o400) !== 0 ? readFileSync(path) : undefined;
  const seen = upstream.received.length;
  const ended = await startGatewayProcess(installation).then(
    (running) => running.stop().then(() => 'it started'),
    (thrown: unknown) => String(thrown),
  );
  expect(ended).toContain(path);
  // What is broken is kept for the operator to look at, and is never in the message; and nobody was asked anything.
  if (before !== undefined) expect(readFileSync(path)).toEqual(before);
  expect(upstream.received.length).toBe(seen);
  await expect(sendHttp(installation.url, { path: '/health' })).rejects.toThrow('ECONNREFUSED');
}

describe.each([
  ['the sealing key', SEALING],
  ['the audit key', AUDIT],
] as const)('A30 %s', (_what, key) => {
  it('is made at the first start, for its owner only, and is another one elsewhere', { timeout: 30_000 }, async () => {
    await (await startGatewayProcess(installation)).stop();
    const path = join(installation.data, key.file);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const first = readFileSync(path);
    await (await startGatewayProcess(installation)).stop();
    expect(readFileSync(path)).toEqual(first);
    rmSync(installation.data, { recursive: true, force: true });
    await (await startGatewayProcess(installation)).stop();
    expect(readFileSync(path)).not.toEqual(first);
  });

  it.each([
    ['nothing', ''],
    ['a line break', '\n'],
    ['the text changeme', 'changeme'],
    ['changeme, as often as it takes', 'changeme'.repeat(16).slice(0, key.bytes)],
    ['an example', 'your-256-bit-secret'],
    ['HTML of a proxy', '<html>502</html>'.repeat(8).slice(0, key.bytes)],
    ['zeros', written(key.file, Buffer.alloc(key.bytes))],
    ['ones', written(key.file, Buffer.alloc(key.bytes, 0xff))],
    ['two bytes in turn', written(key.file, Buffer.alloc(key.bytes, Buffer.from([0x5a, 0xa5])))],
    ['changeme as the bytes of the key', written(key.file, Buffer.alloc(key.bytes, 'changeme'))],
    ['half a key', written(key.file, good(key.bytes / 2))],
    ['all but one byte', written(key.file, good(key.bytes - 1))],
  ])('%s is no key', async (_name, content) => refusesToStart(put(key, content)));

  it.each(['644', '640', '604', '660', '666'])('a key of mode %s can be read by others', async (mode) =>
    refusesToStart(put(key, written(key.file, good(key.bytes)), Number.parseInt(mode, 8))),
  );

  it('a folder in its place is no key', async () => {
    const path = join(installation.data, key.file);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    await expect(startGatewayProcess(installation)).rejects.toThrow();
  });

  it('a link to a key that others can read is no better than that key', async () => {
    const path = join(installation.data, key.file);
    const shared = join(installation.folder, 'shared.key');
    mkdirSync(join(installation.data, 'audit'), { recursive: true, mode: 0o700 });
    writeFileSync(shared, written(key.file, good(key.bytes)));
    chmodSync(shared, 0o644);
    symlinkSync(shared, path);
    await refusesToStart(path);
  });

  it('a whole one of the right length and mode is a key', async () => {
    put(key, written(key.file, good(key.bytes)));
    await (await startGatewayProcess(installation)).stop();
  });
});

it('A30 another audit key than the one that signed is noticed at the start, before anything is served', async () => {
  const running = await startGatewayProcess(installation);
  await expect
    .poll(async () => (await sendHttp(installation.adminUrl, { path: '/audit/_/checkpoint' })).status, {
      timeout: 5_000,
    })
    .toBe(200);
  await running.stop();
  writeFileSync(join(installation.data, AUDIT.file), good(64));
  await expect(startGatewayProcess(installation)).rejects.toThrow(/not signed by this log/);
});
