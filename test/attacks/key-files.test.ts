/**
 * A30: the gateway refuses to start with a key that is short, empty, an example, damaged or readable by others. Nothing
 * is served with it. Every row opens the same files with the same code, so the rows run in this process; one row per
 * key starts the program, which must end with the path of the key in its message.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, startGateway } from 'sallyport';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sendHttp } from './http-client.ts';
import { openInstallation, startGatewayProcess, type Installation } from './installation.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

let upstream: Upstream;
let installation: Installation;
beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('alpha')] });
  installation = await openInstallation({
    servers: { one: { url: upstream.url } },
    settings: { log: { level: 'error' } },
  });
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

/** A gateway in this process, on the same configuration as `sallyport start`. */
async function startHere(): Promise<{ stop(): Promise<void> }> {
  const loaded = loadConfig(installation.config, { PATH: process.env['PATH'] ?? '' });
  if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
  const gateway = await startGateway(loaded.snapshot);
  return { stop: () => gateway.close() };
}

async function expectRefusedStart(
  path: string,
  start: () => Promise<{ stop(): Promise<void> }> = startHere,
): Promise<void> {
  const readable = existsSync(path) && statSync(path).isFile() && (statSync(path).mode & 0o400) !== 0;
  const before = readable ? readFileSync(path) : undefined;
  const received = upstream.received.length;
  const message = await start().then(
    (running) => running.stop().then(() => 'it started'),
    (thrown: unknown) => String(thrown),
  );
  expect(message).toContain(path);
  // The operator finds the broken key as it was; the message never contains it; no server was asked anything.
  if (before !== undefined) expect(readFileSync(path)).toEqual(before);
  expect(upstream.received.length).toBe(received);
  await expect(sendHttp(installation.url, { path: '/health' })).rejects.toThrow('ECONNREFUSED');
}

describe.each([
  ['the sealing key', SEALING],
  ['the audit key', AUDIT],
] as const)('A30 %s', (_what, key) => {
  it('is made at the first start, for its owner only, and differs in another data folder', async () => {
    await (await startHere()).stop();
    const path = join(installation.data, key.file);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const first = readFileSync(path);
    await (await startHere()).stop();
    expect(readFileSync(path)).toEqual(first);
    rmSync(installation.data, { recursive: true, force: true });
    await (await startHere()).stop();
    expect(readFileSync(path)).not.toEqual(first);
  });

  it.each([
    ['empty', ''],
    ['a line break', '\n'],
    ['the text changeme', 'changeme'],
    ['the text changeme repeated', 'changeme'.repeat(16).slice(0, key.bytes)],
    ['an example', 'your-256-bit-secret'],
    ['the HTML page of a proxy', '<html>502</html>'.repeat(8).slice(0, key.bytes)],
    ['all zeros', written(key.file, Buffer.alloc(key.bytes))],
    ['all ones', written(key.file, Buffer.alloc(key.bytes, 0xff))],
    ['two bytes in alternation', written(key.file, Buffer.alloc(key.bytes, Buffer.from([0x5a, 0xa5])))],
    ['the bytes of changeme repeated', written(key.file, Buffer.alloc(key.bytes, 'changeme'))],
    ['half a key', written(key.file, good(key.bytes / 2))],
    ['one byte short', written(key.file, good(key.bytes - 1))],
  ])('the gateway refuses a key that is %s', async (_name, content) => expectRefusedStart(put(key, content)));

  it.each(['644', '640', '604', '660', '666'])(
    'the gateway refuses a key of mode %s, which others can read',
    async (mode) => expectRefusedStart(put(key, written(key.file, good(key.bytes)), Number.parseInt(mode, 8))),
  );

  it('the gateway refuses a folder in place of the key', async () => {
    const path = join(installation.data, key.file);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    await expect(startHere()).rejects.toThrow();
  });

  it('the program refuses to start with a key that others can read, and names its path', async () =>
    expectRefusedStart(put(key, written(key.file, good(key.bytes)), 0o644), () => startGatewayProcess(installation)));

  it('the gateway refuses a link to a key that others can read', async () => {
    const path = join(installation.data, key.file);
    const shared = join(installation.folder, 'shared.key');
    mkdirSync(join(installation.data, 'audit'), { recursive: true, mode: 0o700 });
    writeFileSync(shared, written(key.file, good(key.bytes)));
    chmodSync(shared, 0o644);
    symlinkSync(shared, path);
    await expectRefusedStart(path);
  });

  it('the gateway accepts a key of the right length and mode', async () => {
    put(key, written(key.file, good(key.bytes)));
    await (await startGatewayProcess(installation)).stop();
  });
});

it('A30 the gateway refuses to start with another audit key than the one that signed the log', async () => {
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
