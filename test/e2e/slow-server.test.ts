/** A server that takes long to start keeps nobody waiting who does not need it. */
import { once } from 'node:events';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openInstallation, type Installation } from '../attacks/installation.ts';

/** Answers once a file is there. */
const SLOW = `
const fs = require('node:fs');
const send = (id, result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
const answers = {
  initialize: () => ({
    protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' },
  }),
  'tools/list': () => ({ tools: [{ name: 'late', inputSchema: { type: 'object' } }] }),
};
require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method } = JSON.parse(line);
  while (!fs.existsSync(process.argv[1])) await new Promise((resolve) => setTimeout(resolve, 20));
  if (answers[method]) send(id, answers[method]());
});`;

let installation: Installation;
let go: string;
beforeAll(async () => {
  installation = await openInstallation({ servers: {} });
  go = join(installation.folder, 'go');
  installation.write({
    ...installation.settings,
    servers: { slow: { command: [process.execPath, '-e', SLOW, go] } },
  });
});
afterAll(() => installation?.close());

it('start prints its addresses before, and stdio answers what needs no server', async () => {
  const started = installation.spawn(['start']);
  let out = '';
  started.stdout?.on('data', (piece: Buffer) => (out += String(piece)));
  await expect.poll(() => out, { timeout: 60_000 }).toContain(`gateway  ${installation.url}/mcp\n`);
  expect(out).not.toContain('ready');

  const { stdout: key } = await installation.command(['keys', 'create', '--tenant', 'acme', '--name', 'me']);
  const stdio = installation.spawn(['stdio'], { SALLYPORT_TOKEN: key.trim() });
  let answers = '';
  stdio.stdout?.on('data', (piece: Buffer) => (answers += String(piece)));
  const send = (message: object): void =>
    void stdio.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const clientInfo = { name: 'c', version: '1' };
  send({ id: 0, method: 'ping' });
  send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } });
  await expect.poll(() => answers, { timeout: 60_000 }).toContain('"id":0');
  send({ method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/list' });

  writeFileSync(go, '');
  await expect.poll(() => out, { timeout: 60_000 }).toContain('ready');
  // Who asks before the server was there is not shown an empty list.
  await expect.poll(() => answers, { timeout: 60_000 }).toContain('"slow__late"');
  stdio.stdin?.end();
  started.kill('SIGTERM');
  await Promise.all([once(stdio, 'exit'), once(started, 'exit')]);
}, 180_000);
