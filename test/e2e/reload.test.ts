/**
 * A changed configuration in a running gateway: what takes effect, what needs a restart, what is refused, and what is
 * logged.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRecords } from '../../packages/server/src/segments/verify.ts';
import {
  openInstallation,
  startGatewayProcess,
  type RunningGatewayProcess,
  type Installation,
} from '../attacks/installation.ts';
import { openUpstream, tool, type Upstream } from '../attacks/upstream.ts';

let upstream: Upstream;
let installation: Installation;
let running: RunningGatewayProcess;
beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('say', { text: { type: 'string' } })] });
  installation = await openInstallation({
    servers: { one: { url: upstream.url } },
    settings: { audit: { clearArguments: ['one/say/text'] }, log: { level: 'info' } },
  });
  running = await startGatewayProcess(installation);
}, 30_000);
afterAll(async () => {
  await running.stop();
  await installation.close();
  await upstream.close();
});

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
const lines = (): Line[] =>
  running
    .output()
    .split('\n')
    .filter((line) => line !== '' && !line.includes('gateway_url'))
    .map((line) => JSON.parse(line) as Line);
/** The line with this message, as soon as it is logged. */
async function logged(message: string, after: number): Promise<Line> {
  const find = (): Line | undefined =>
    lines()
      .slice(after)
      .find((line) => line.message === message);
  await expect.poll(find, { timeout: 15_000 }).toBeDefined();
  return find() as Line;
}
/** What the audit log has of the argument of a call. */
async function recordedArgument(): Promise<unknown> {
  expect(
    (
      await installation.run(['call', 'one__say', '--args', '{"text":"CLEAR"}'], {
        env: { SALLYPORT_TOKEN: await installation.token('alice') },
      })
    ).code,
  ).toBe(0);
  const { stdout } = await installation.command(['audit', 'search', '--tool', 'say', '--json', '--limit', '2']);
  return (JSON.parse(stdout.split('\n')[0] ?? '') as { arguments: { text: unknown } }).arguments.text;
}

it('an argument that is no longer listed is no longer recorded in clear, and the reload is recorded', async () => {
  expect(await recordedArgument()).toBe('CLEAR');
  const before = lines().length;
  installation.write({ ...installation.settings, audit: {}, log: { level: 'info' } });
  await logged('reloaded', before);
  expect(await recordedArgument()).toMatchObject({ type: 'string', bytes: 7 });
  const { stdout } = await installation.command(['audit', 'search', '--tenant', '_', '--json', '--limit', '1000']);
  const operations = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { operation: string }).operation)
    .filter((operation) => operation.startsWith('gateway.'));
  expect(operations).toEqual(['gateway.start', 'gateway.reload']);
});

it('the log names the settings that need a restart', async () => {
  const before = lines().length;
  installation.write({
    ...installation.settings,
    admin: { listen: '127.0.0.1:1' },
    audit: { origin: 'another.example' },
  });
  expect((await logged('these settings changed and need a restart', before)).fields).toEqual({
    settings: ['admin.listen', 'audit.origin'],
  });
});

it('a file with an error is not used, and the log says why', async () => {
  const before = lines().length;
  installation.write({ ...installation.settings, tenants: 3 });
  const { level, fields } = await logged('the changed configuration is not used; the old one stays', before);
  expect([level, fields]).toEqual([
    'error',
    { errors: [expect.stringMatching(/sallyport\.yaml:\d+:\d+: tenants: expected array, received number$/)] },
  ]);
  expect((await fetch(`${installation.url}/ready`)).status, 'the gateway still serves').toBe(200);
});

/** Reloads that the audit log of the gateway itself has recorded. */
const reloads = (): number =>
  readRecords(join(installation.data, 'audit', '_')).records.filter(({ bytes }) => bytes.includes('gateway.reload'))
    .length;

it('a reload changes the log level', async () => {
  const before = lines().length;
  const reloadsBefore = reloads();
  installation.write({ ...installation.settings, log: { level: 'error' } });
  await expect.poll(reloads, { timeout: 15_000 }).toBe(reloadsBefore + 1);
  expect(lines().slice(before)).toEqual([]);
  installation.write({ ...installation.settings, log: { level: 'info' } });
  await logged('reloaded', before);
});
