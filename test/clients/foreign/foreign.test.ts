/**
 * The small part of `npm run foreign`: servers that are devDependencies, through a gateway that is
 * started as a user starts it, and the Python client where
 * `SALLYPORT_FOREIGN_CACHE` names a folder to install it into and pip can.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENTS } from './clients.ts';
import { startGateway, type ForeignGateway } from './gateway.ts';
import { runProgram } from './programs.ts';
import { SERVERS } from './servers.ts';
import { tryInstalled } from './try-server.ts';

/** A gateway and a server start several times; on a machine that is busy each start takes many seconds. */
const TIMEOUT_MS = 600_000;
const INSTALL_AND_RUN_TIMEOUT_MS = 1_000_000;

/** npm's folder of programs, in which the devDependencies have put theirs. */
const PROGRAMS = join(dirname(dirname(createRequire(import.meta.url).resolve('vitest/package.json'))), '.bin');
const SMALL = ['everything', 'filesystem', 'memory'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-foreign-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a server that others wrote is the same through the gateway as directly', () => {
  it.each(SERVERS.filter(({ name }) => SMALL.includes(name)))('$name', { timeout: TIMEOUT_MS }, async (server) => {
    const tried = await tryInstalled(server, PROGRAMS, join(folder, server.name));
    expect(tried).toMatchObject({ uncompiled: [], faults: [], sameDefinitions: true });
    expect(tried.toolsDirect).toBeGreaterThan(0);
  });
});

describe('a client that others wrote lists, calls and reads', () => {
  let gateway: ForeignGateway;
  beforeAll(async () => {
    const cwd = folder;
    const command = [join(PROGRAMS, 'mcp-server-everything'), 'stdio'];
    gateway = await startGateway(join(folder, 'clients'), { everything: { command, env: {}, cwd } });
  }, TIMEOUT_MS);
  afterAll(() => gateway?.close());

  it('the official Python SDK', { timeout: INSTALL_AND_RUN_TIMEOUT_MS }, async (context) => {
    // Installing takes minutes on a busy machine, so only who names a folder for it waits for it.
    if (!process.env['SALLYPORT_FOREIGN_CACHE'])
      context.skip('set SALLYPORT_FOREIGN_CACHE to a folder to install into');
    const client = CLIENTS.find(({ name }) => name === 'python-sdk-1');
    const command = await client?.build().catch((error: unknown) => context.skip(`pip cannot install it: ${error}`));
    const env = { SALLYPORT_URL: `${gateway.url}/mcp/everything`, SALLYPORT_TOKEN: gateway.token };
    const seen = JSON.parse(await runProgram(command ?? [], { cwd: folder, env })) as object;
    expect(seen).toMatchObject({ answer: 'Echo: hi', tools: expect.any(Number), read: expect.any(String) });
  });
});
