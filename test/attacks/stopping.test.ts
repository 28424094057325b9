/**
 * L9: SIGTERM at every moment. Real processes: calls of both eras to a server over stdio and to one over HTTP are held
 * until the test lets them go.
 */
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { connect, post, type Era } from './mcp-client.ts';
import { openInstallation, type Installation } from './installation.ts';
import { openStdioClient, type StdioAnswer } from './stdio-client.ts';
import { openUpstream, textResult, tool, type Upstream } from './upstream.ts';

const gated = fileURLToPath(new URL('./gated-server.ts', import.meta.url));
const TIMEOUT_MS = 180_000;

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds()))
    await new Promise((done) => {
      setTimeout(done, 20);
    });
}

const readiness = async (url: string): Promise<number> => {
  try {
    const { statusCode, body } = await request(`${url}/ready`);
    await body.dump();
    return statusCode;
  } catch {
    return 0;
  }
};

/** A gateway process, and its end. */
async function start(installation: Installation) {
  const child = installation.spawn(['start', '--json']);
  const said: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }) as unknown);
  return {
    child,
    ended,
    said: () => Buffer.concat(said).toString(),
    ready: () => until(async () => (await readiness(installation.adminUrl)) === 200),
  };
}

interface Held {
  readonly upstream: Upstream;
  readonly installation: Installation;
  open(): void;
  hasArrived(server: string): boolean;
  close(): Promise<void>;
}

async function openHeld(settings: Record<string, unknown>): Promise<Held> {
  const gate = Promise.withResolvers<void>();
  let isHeld = false;
  const upstream = await openUpstream({
    tools: [tool('wait', {})],
    async respond({ method }) {
      if (method !== 'tools/call') return undefined;
      isHeld = true;
      await gate.promise;
      return textResult('done');
    },
  });
  const servers: Record<string, object> = { web: { url: upstream.url } };
  const installation = await openInstallation({ servers, settings });
  const [file, arrived] = [join(installation.folder, 'gate'), join(installation.folder, 'arrived')];
  servers['child'] = { command: [process.execPath, gated, file, arrived] };
  installation.write({ ...installation.settings, servers });
  return {
    upstream,
    installation,
    open: () => {
      gate.resolve();
      writeFileSync(file, '');
    },
    hasArrived: (server) => (server === 'web' ? isHeld : existsSync(arrived)),
    close: async () => {
      gate.resolve();
      await installation.close();
      await upstream.close();
    },
  };
}

const CASES: readonly (readonly [Era, string])[] = [
  ['modern', 'web'],
  ['legacy', 'web'],
  ['modern', 'child'],
  ['legacy', 'child'],
];

it.each(CASES)(
  'L9 SIGTERM lets a %s call to %s finish, refuses new ones with 503 and Retry-After, and exits 0',
  async (era, server) => {
    const held = await openHeld({ shutdown: { grace: '10m' } });
    const { installation } = held;
    const gateway = await start(installation);
    await gateway.ready();
    const url = `${installation.url}/mcp/${server}`;
    const client = await connect(url, await installation.token('alice'), era);
    const call = client.call({ id: 7, name: 'wait', arguments: {} });
    await until(() => held.hasArrived(server));
    gateway.child.kill('SIGTERM');
    await until(async () => (await readiness(installation.adminUrl)) === 503);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 8, method: 'initialize', params: {} });
    const refused = await post(url, { authorization: `Bearer ${await installation.token('bob')}` }, body);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    held.open();
    const answer = await call.done;
    expect(JSON.stringify(answer.result)).toContain('done');
    expect(await gateway.ended).toEqual({ code: 0, signal: null });
    await held.close();
  },
  TIMEOUT_MS,
);

it.each(CASES)(
  'L9 a %s call to %s that does not finish in time is told that it may have been executed',
  async (era, server) => {
    const held = await openHeld({ shutdown: { grace: '100ms' } });
    const gateway = await start(held.installation);
    await gateway.ready();
    const url = `${held.installation.url}/mcp/${server}`;
    const client = await connect(url, await held.installation.token('alice'), era);
    const call = client.call({ id: 7, name: 'wait', arguments: {} });
    await until(() => held.hasArrived(server));
    gateway.child.kill('SIGTERM');
    expect(JSON.stringify(await call.done)).toContain('INTERRUPTED');
    expect(await gateway.ended).toEqual({ code: 0, signal: null });
    const verified = await held.installation.run(['audit', 'verify']);
    expect(verified.code).toBe(0);
    const found = await held.installation.run(['audit', 'search', '--json']);
    expect(found.stdout).toContain('INTERRUPTED');
    await held.close();
  },
  TIMEOUT_MS,
);

it(
  'L9 SIGTERM while a server never answers its first attempt: not ready until then, and the exit code is 0',
  async () => {
    const servers = {
      mute: { command: [process.execPath, '-e', 'process.stdin.on("end", () => process.exit()).resume()'] },
    };
    const installation = await openInstallation({ servers });
    const gateway = await start(installation);
    await until(async () => (await readiness(installation.adminUrl)) === 503);
    const { body } = await request(`${installation.adminUrl}/ready`);
    expect(await body.json()).toMatchObject({ checks: { 'servers.mute': expect.stringContaining('under way') } });
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toEqual({ code: 0, signal: null });
    await installation.close();
  },
  TIMEOUT_MS,
);

it(
  'L9 a server that fails is reported, and makes the gateway unready only when it is required',
  async () => {
    const dead = { command: [process.execPath, '-e', 'process.exit(3)'] };
    for (const required of [false, true]) {
      const installation = await openInstallation({ servers: { dead: { ...dead, required } } });
      const gateway = await start(installation);
      await until(() => gateway.said().includes('gateway_url'));
      const { statusCode, body } = await request(`${installation.adminUrl}/ready`);
      expect(statusCode).toBe(required ? 503 : 200);
      expect(await body.json()).toMatchObject({ checks: { 'servers.dead': expect.not.stringMatching(/^ok$/) } });
      gateway.child.kill('SIGTERM');
      expect(await gateway.ended).toEqual({ code: 0, signal: null });
      await installation.close();
    }
  },
  TIMEOUT_MS,
);

describe('L9 SIGTERM ends sallyport stdio', () => {
  const ERAS: readonly Era[] = ['modern', 'legacy'];
  const errorCodeOf = ({ error, result }: StdioAnswer): unknown =>
    error?.data?.['error_code'] ??
    (result?.['structuredContent'] as Record<string, unknown> | undefined)?.['error_code'];

  it.each(ERAS)(
    'a %s call under way finishes, a new one is refused, and the exit code is 0',
    async (era) => {
      const held = await openHeld({ shutdown: { grace: '10m' } });
      const client = await openStdioClient(held.installation, await held.installation.token('alice'), {
        era,
        server: 'child',
      });
      const call = client.send('tools/call', { name: 'wait', arguments: {} });
      await until(() => held.hasArrived('child'));
      client.kill('SIGTERM');
      await until(async () => errorCodeOf(await client.send('tools/list', {})) === 'UNAVAILABLE');
      held.open();
      expect(JSON.stringify((await call).result)).toContain('done');
      expect(await client.ended).toEqual({ code: 0, signal: null });
      await held.close();
    },
    TIMEOUT_MS,
  );

  it.each(ERAS)(
    'a %s call that does not finish in time is told that it may have been executed',
    async (era) => {
      const held = await openHeld({ shutdown: { grace: '100ms' } });
      const client = await openStdioClient(held.installation, await held.installation.token('alice'), {
        era,
        server: 'child',
      });
      const call = client.send('tools/call', { name: 'wait', arguments: {} });
      await until(() => held.hasArrived('child'));
      client.kill('SIGTERM');
      expect(errorCodeOf(await call)).toBe('INTERRUPTED');
      expect(await client.ended).toEqual({ code: 0, signal: null });
      const found = await held.installation.command(['audit', 'search', '--json', '--log', 'stdio-1']);
      expect(found.stdout).toContain('INTERRUPTED');
      await held.close();
    },
    TIMEOUT_MS,
  );

  it(
    'while a server never answers its first attempt',
    async () => {
      const servers = {
        mute: { command: [process.execPath, '-e', 'process.stdin.on("end", () => process.exit()).resume()'] },
      };
      const installation = await openInstallation({ servers });
      const token = await installation.token('alice');
      const child = installation.spawn(['stdio'], { SALLYPORT_TOKEN: token });
      child.stderr?.resume();
      const ended = once(child, 'close');
      await until(() => existsSync(join(installation.data, 'sallyport.db')));
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      await installation.close();
    },
    TIMEOUT_MS,
  );
});
