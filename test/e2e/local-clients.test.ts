/** A gateway and any number of local clients on one data folder: each process records in a log of its own. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStdioClient, type StdioClient } from '../attacks/stdio-client.ts';
import {
  openInstallation,
  startGatewayProcess,
  type RunningGatewayProcess,
  type Installation,
} from '../attacks/installation.ts';
import { openUpstream, tool } from '../attacks/upstream.ts';

interface Verified {
  readonly tenant: string;
  readonly log?: string;
  readonly records: number;
  readonly problems: readonly unknown[];
}

let upstream: Awaited<ReturnType<typeof openUpstream>>;
let installation: Installation;
let gateway: RunningGatewayProcess;

beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('alpha')] });
  installation = await openInstallation({ servers: { one: { url: upstream.url } } });
  gateway = await startGatewayProcess(installation);
});
afterAll(async () => {
  await gateway?.stop();
  await installation?.close();
  await upstream?.close();
});

const open = async (user: string, at = installation): Promise<StdioClient> =>
  openStdioClient(at, await at.token(user), { era: 'modern', server: 'one' });
const verify = async (...more: string[]): Promise<Verified[]> =>
  JSON.parse((await installation.command(['audit', 'verify', '--json', ...more])).stdout) as Verified[];
const search = async (...more: string[]): Promise<Record<string, unknown>[]> =>
  (
    await installation.command(['audit', 'search', '--tenant', 'acme', '--method', 'tools/list', '--json', ...more])
  ).stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('two local clients beside a gateway', () => {
  it('are served at the same time, and each is recorded in its own log', async () => {
    const alice = await open('alice');
    // The first client gets the first log.
    await alice.send('tools/list', {});
    const bob = await open('bob');
    for (const client of [bob, alice])
      expect((await client.send('tools/list', {})).result).toMatchObject({ tools: [expect.anything()] });
    await Promise.all([alice.close(), bob.close()]);
    expect((await search()).map(({ subject, log }) => [subject, log])).toEqual(
      expect.arrayContaining([
        ['alice', 'stdio-1'],
        ['bob', 'stdio-2'],
      ]),
    );
    expect(new Set((await search('--log', 'stdio-2')).map(({ subject }) => subject))).toEqual(new Set(['bob']));
  });

  it('leave logs that verify under their own names, in place and from an export', async () => {
    const before = await verify();
    expect(before.map(({ tenant, log, problems }) => [tenant, log, problems])).toEqual(
      expect.arrayContaining([
        ['_', undefined, []],
        ['acme', 'stdio-1', []],
        ['acme', 'stdio-2', []],
      ]),
    );
    const target = join(installation.folder, 'export');
    expect((await installation.command(['audit', 'export', target])).code).toBe(0);
    expect((await verify('--from', target)).filter(({ log }) => log !== undefined)).toEqual(
      before.filter(({ log }) => log !== undefined),
    );
    const { code, stdout } = await installation.command([
      'audit',
      'prove',
      '0',
      '--tenant',
      'acme',
      '--log',
      'stdio-2',
      '--from',
      target,
      '--json',
    ]);
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ origin: 'sallyport.local/acme/stdio-2', holds: true }),
    ]);
  });

  it('the log of one cannot replace the log of another', async () => {
    const audit = join(installation.data, 'audit');
    const forged = join(installation.folder, 'forged', '+stdio-2', 'acme');
    cpSync(join(audit, '+stdio-1', 'acme'), forged, { recursive: true });
    cpSync(join(audit, '+stdio-2', 'acme', 'vkey'), join(forged, 'vkey'));
    const { code } = await installation.command(['audit', 'verify', '--from', join(installation.folder, 'forged')]);
    expect(code).toBe(1);
  });

  it('the next client continues the log where they ended', async () => {
    const before = (await verify()).find(({ tenant, log }) => tenant === 'acme' && log === 'stdio-1');
    const next = await open('alice');
    await next.send('tools/list', {});
    await next.close();
    const after = (await verify()).find(({ tenant, log }) => tenant === 'acme' && log === 'stdio-1');
    expect([after?.problems, (after?.records ?? 0) > (before?.records ?? 0)]).toEqual([[], true]);
  });
});

it('a second gateway on the same folder is refused, and the message names the process that has it', async () => {
  const { code, stderr } = await installation.run(['start']);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`is open in process ${gateway.pid}; stop it first`)]);
});

it('local clients that start at once on an empty folder share its keys', async () => {
  const fresh = await openInstallation({ servers: { one: { url: upstream.url } } });
  try {
    const clients = await Promise.all(['alice', 'bob', 'carol', 'dave'].map((user) => open(user, fresh)));
    const listed = await Promise.all(clients.map((client) => client.send('tools/list', {})));
    expect(listed.map(({ result }) => (result?.['tools'] as unknown[] | undefined)?.length)).toEqual([1, 1, 1, 1]);
    await Promise.all(clients.map((client) => client.close()));
    const verified = JSON.parse((await fresh.command(['audit', 'verify', '--json'])).stdout) as Verified[];
    expect(new Set(verified.map(({ log }) => log))).toEqual(new Set(['stdio-1', 'stdio-2', 'stdio-3', 'stdio-4']));
    expect(verified.flatMap(({ problems }) => problems)).toEqual([]);
  } finally {
    await fresh.close();
  }
});
