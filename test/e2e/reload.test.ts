/** A changed configuration in a running gateway: what takes effect, what waits for a restart, what is refused, and that each is said. */
import { afterAll, beforeAll, expect, it } from 'vitest';
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
async function said(message: string, after: number): Promise<Line> {
  for (let i = 0; i < 100; i++) {
    const found = lines()
      .slice(after)
      .find((line) => line.message === message);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never said "${message}": ${running.output()}`);
}
async function recorded(): Promise<unknown> {
  expect(
    (
      await installation.run(['call', 'one__say', '--args', '{"text":"CLEAR"}'], {
        env: { SALLYPORT_TOKEN: await installation.token('alice') },
      })
    ).code,
  ).toBe(0);
  const { stdout } = await installation.run(['audit', 'search', '--tool', 'say', '--json', '--limit', '2']);
  return (JSON.parse(stdout.split('\n')[0] ?? '') as { arguments: { text: unknown } }).arguments.text;
}

it('an argument that is no longer listed is no longer recorded in clear, and the reload is recorded as one', async () => {
  expect(await recorded()).toBe('CLEAR');
  const before = lines().length;
  installation.write({ ...installation.settings, audit: {}, log: { level: 'info' } });
  await said('reloaded', before);
  expect(await recorded()).toMatchObject({ type: 'string', bytes: 7 });
  const { stdout } = await installation.run(['audit', 'search', '--tenant', '_', '--json', '--limit', '1000']);
  const operations = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { operation: string }).operation)
    .filter((operation) => operation.startsWith('gateway.'));
  expect(operations).toEqual(['gateway.start', 'gateway.reload']);
});

it('what waits for a restart is named', async () => {
  const before = lines().length;
  installation.write({
    ...installation.settings,
    admin: { listen: '127.0.0.1:1' },
    audit: { origin: 'another.example' },
  });
  expect((await said('these settings changed and need a restart', before)).fields).toEqual({
    settings: ['admin.listen', 'audit.origin'],
  });
});

it('a file with an error is not used, and the log says why in a line like every other', async () => {
  const before = lines().length;
  installation.write({ ...installation.settings, tenants: 3 });
  const { level, fields } = await said('the changed configuration is not used; the old one stays', before);
  expect([level, fields]).toEqual([
    'error',
    { errors: [expect.stringMatching(/sallyport\.yaml:\d+:\d+: tenants: expected array, received number$/)] },
  ]);
  expect((await fetch(`${installation.url}/ready`)).status, 'and goes on').toBe(200);
});

it('the level of the log follows', async () => {
  const before = lines().length;
  installation.write({ ...installation.settings, log: { level: 'error' } });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(lines().slice(before)).toEqual([]);
  installation.write({ ...installation.settings, log: { level: 'info' } });
  await said('reloaded', before);
});
