/**
 * What a server wrote to standard error before it died is in the error that `check`, `/ready` and the log show:
 * cleaned, and without its secrets.
 */
import { request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  openInstallation,
  startGatewayProcess,
  type Installation,
  type RunningGatewayProcess,
} from '../attacks/installation.ts';

const SECRET = 'tok-5d41402abc4b2a76';
const REASON = 'the process ended (code 4); standard error: starting | [31mno database at db.example for [redacted]';
const PROGRAM = `console.error("starting\\n\\u001b[31mno database at db.example for " + process.env.KEY); process.exit(4)`;

let installation: Installation;
let gateway: RunningGatewayProcess | undefined;
beforeAll(async () => {
  const dying = { command: [process.execPath, '-e', PROGRAM], env: { KEY: { secret: 'env:DB_TOKEN' } } };
  installation = await openInstallation({ servers: { dying } }, { DB_TOKEN: SECRET });
});
afterAll(async () => {
  await gateway?.stop();
  await installation?.close();
});

const check = (...more: readonly string[]) => installation.run(['check', ...more]);

it('check --servers starts the server and shows it', async () => {
  const { code, stderr, stdout } = await check('--servers');
  expect([code, stderr]).toEqual([1, expect.stringContaining(`warning: dying cannot be reached: ${REASON}\n`)]);
  expect(stdout).not.toContain(SECRET);
});

it('check does not start it while no gateway runs', async () => {
  expect(await check()).toMatchObject({ code: 0, stderr: expect.not.stringContaining('dying') });
});

it('/ready, the log, and check beside a running gateway show it', async () => {
  gateway = await startGatewayProcess(installation);
  const { body } = await request(`${installation.adminUrl}/ready`);
  expect(await body.json()).toMatchObject({ checks: { 'servers.dying': REASON } });
  expect(gateway.output()).toContain(REASON);
  expect(gateway.output()).not.toContain(SECRET);
  const { code, stderr } = await check();
  expect([code, stderr]).toEqual([0, expect.stringContaining(`warning: dying cannot be reached: ${REASON}\n`)]);
});
