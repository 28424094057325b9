/**
 * S12: what is taken away while a connection is open. The bounds, stated here and measured: policies 2 s after they are
 * written, a configuration 2.5 s, SIGHUP at once (its bound is what a start of the servers takes), an API key 3 s.
 */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStdioClient } from './stdio-client.ts';
import {
  openInstallation,
  startGatewayProcess,
  type RunningGatewayProcess,
  type Installation,
} from './installation.ts';
import { connect, type Answer, type Era } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

// Processes start, and time passes on purpose; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });

const ALL = 'permit (principal, action, resource);';
const NOT_BOB = `${ALL} forbid (principal, action, resource == Tool::"one/alpha") when { principal.subject == "bob" || principal.subject == "robot" };`;

let upstreams: Upstream[];
let installation: Installation;
let running: RunningGatewayProcess;
beforeAll(async () => {
  upstreams = [
    await openUpstream({ tools: [tool('alpha'), tool('beta')] }),
    await openUpstream({ tools: [tool('alpha')] }),
  ];
  installation = await openInstallation({
    servers: { one: { url: upstreams[0]?.url }, two: { url: upstreams[1]?.url } },
  });
  running = await startGatewayProcess(installation);
});
afterAll(async () => {
  await running?.stop();
  await installation?.close();
  await Promise.all(upstreams.map((one) => one.close()));
});

interface Held {
  listed(): Promise<readonly string[]>;
  call(): Promise<'done' | 'gone' | 'denied'>;
}

async function hold(era: Era, token: string, path = '/mcp/one'): Promise<Held> {
  const client = await connect(`${installation.url}${path}`, token, era);
  const name = path === '/mcp' ? 'two__alpha' : 'alpha';
  const verdict = ({ error, result, status }: Answer) =>
    status === 401 || error !== undefined ? 'gone' : result?.['isError'] === true ? 'denied' : 'done';
  return {
    listed: async () =>
      ((await client.send('tools/list', {})).result?.['tools'] as { name: string }[] | undefined)?.map(
        (one) => one.name,
      ) ?? [],
    call: async () => verdict(await client.send('tools/call', { name, arguments: {} })),
  };
}

/** The call is refused within the bound; then the list agrees at once, and nothing reaches the server any more. */
async function deniedWithin(held: Held, name: string, bound: number): Promise<void> {
  await expect.poll(() => held.call(), { timeout: bound, interval: 20 }).not.toBe('done');
  expect(await held.listed()).not.toContain(name);
  const acts = upstreams.flatMap((one) => one.operations()).length;
  for (let at = 0; at < 5; at++) expect(await held.call()).not.toBe('done');
  expect(upstreams.flatMap((one) => one.operations()).length).toBe(acts);
}

async function restore(held: Held): Promise<void> {
  installation.policy(ALL);
  installation.write(installation.settings);
  running.sendSighup();
  await expect.poll(() => held.call(), { timeout: 5_000, interval: 20 }).toBe('done');
}

describe.each(['modern', 'legacy'] as const)('S12 %s', (era) => {
  it('a policy file that changes on disk', async () => {
    const held = await hold(era, await installation.token('bob'));
    await restore(held);
    expect(await held.listed()).toContain('alpha');
    installation.policy(NOT_BOB);
    await deniedWithin(held, 'alpha', 2_000);
    expect(await held.listed()).toEqual(['beta']);
    await restore(held);
  });

  it('a policy that is added as a file of its own, and all policies gone', async () => {
    const held = await hold(era, await installation.token('bob'));
    await restore(held);
    const added = join(installation.folder, 'policies', 'z.cedar');
    writeFileSync(added, 'forbid (principal, action, resource == Tool::"one/alpha");');
    await deniedWithin(held, 'alpha', 2_000);
    rmSync(added);
    await expect.poll(() => held.call(), { timeout: 2_000, interval: 20 }).toBe('done');
    rmSync(join(installation.folder, 'policies', 'test.cedar'));
    await deniedWithin(held, 'alpha', 2_000);
    await restore(held);
  });

  it('a folder of policies that is swapped for another, as deployments do', async () => {
    const held = await hold(era, await installation.token('bob'));
    await restore(held);
    const policies = join(installation.folder, 'policies');
    const next = join(installation.folder, 'next');
    mkdirSync(next);
    writeFileSync(join(next, 'test.cedar'), NOT_BOB);
    renameSync(policies, join(installation.folder, 'old'));
    renameSync(next, policies);
    await deniedWithin(held, 'alpha', 2_000);
    // And what is in force afterwards is followed too.
    installation.policy(ALL);
    await expect.poll(() => held.call(), { timeout: 2_000, interval: 20 }).toBe('done');
    rmSync(join(installation.folder, 'old'), { recursive: true });
  });

  it('a link to a folder of policies that is set to another', async () => {
    const held = await hold(era, await installation.token('bob'));
    const [first, second, link] = ['first', 'second', 'current'].map((name) =>
      join(installation.folder, `${name}-${era}`),
    ) as [string, string, string];
    for (const [folder, text] of [
      [first, ALL],
      [second, NOT_BOB],
    ] as const) {
      mkdirSync(folder);
      writeFileSync(join(folder, 'test.cedar'), text);
    }
    symlinkSync(first, link);
    installation.write({ ...installation.settings, policies: { cedar: link } });
    running.sendSighup();
    await expect.poll(() => held.call(), { timeout: 3_000, interval: 20 }).toBe('done');
    symlinkSync(second, `${link}.new`);
    renameSync(`${link}.new`, link);
    await deniedWithin(held, 'alpha', 2_000);
    await restore(held);
  });

  it('a policy that cannot be read keeps the old ones: what was forbidden stays forbidden', async () => {
    const held = await hold(era, await installation.token('bob'));
    installation.policy(NOT_BOB);
    await deniedWithin(held, 'alpha', 2_000);
    installation.policy('permit (principal, action, resource');
    running.sendSighup();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await held.call()).not.toBe('done');
    await restore(held);
  });

  it.each([
    ['within two seconds by itself', false, 2_500],
    ['at once on SIGHUP', true, 1_000],
  ] as const)('a server that is removed from the configuration, %s', async (_name, hangUp, bound) => {
    const held = await hold(era, await installation.token('alice'), '/mcp');
    await restore(held);
    const { two: _two, ...servers } = installation.settings['servers'] as Record<string, unknown>;
    installation.write({ ...installation.settings, servers });
    if (hangUp) running.sendSighup();
    await deniedWithin(held, 'two__alpha', bound);
    await restore(held);
  });

  it('a tool that the configuration does not let exist any more', async () => {
    const held = await hold(era, await installation.token('alice'));
    await restore(held);
    installation.write({
      ...installation.settings,
      servers: {
        ...(installation.settings['servers'] as object),
        one: { url: upstreams[0]?.url, tools: { allow: ['beta'] } },
      },
    });
    await deniedWithin(held, 'alpha', 2_500);
    await restore(held);
  });

  it('a tenant that the configuration does not know any more', async () => {
    const held = await hold(era, await installation.token('bob'));
    await restore(held);
    installation.write({ ...installation.settings, tenants: ['globex'] });
    await deniedWithin(held, 'alpha', 2_500);
    await restore(held);
  });

  it('an issuer that is not trusted any more', async () => {
    const held = await hold(era, await installation.token('bob'));
    await restore(held);
    installation.write({ ...installation.settings, identity: { issuers: [] } });
    await deniedWithin(held, 'alpha', 2_500);
    await restore(held);
  });

  it('an API key that is revoked', { timeout: 30_000 }, async () => {
    const made = await installation.run(['keys', 'create', '--tenant', 'acme', '--name', 'robot', '--json']);
    const { key, id } = JSON.parse(made.stdout) as { key: string; id: string };
    const held = await hold(era, key);
    expect(await held.call()).toBe('done');
    expect((await installation.run(['keys', 'revoke', id])).code).toBe(0);
    await deniedWithin(held, 'alpha', 3_000);
  });

  it('over stdio: a policy that changes', { timeout: 40_000 }, async () => {
    const own = await openInstallation({ servers: { one: { url: upstreams[0]?.url } } });
    const stdioClient = await openStdioClient(own, await own.token('bob'), { era, server: 'one' });
    try {
      const call = async (): Promise<boolean> => {
        const { error, result } = await stdioClient.send('tools/call', { name: 'alpha', arguments: {} });
        return error === undefined && result?.['isError'] !== true;
      };
      expect(await call()).toBe(true);
      own.policy(NOT_BOB);
      await expect.poll(call, { timeout: 2_000, interval: 20 }).toBe(false);
    } finally {
      await stdioClient.close();
      await own.close();
    }
  });
});
