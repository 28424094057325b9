/**
 * The official suite against a server that is written with the library, through three ways in: its own HTTP, and behind
 * the gateway over HTTP and over stdio. Each way takes the time of the whole suite, and a process for each session on
 * stdio, so only the first is always tried: `DOORS=all` tries all of them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mintApiKey } from '@sallyport/guard/stages';
import type { RunningServer } from '@sallyport/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, openGateway, type TestGateway } from '../e2e/gateway.ts';
import { libraryServer } from '../fixtures/library-server.ts';
import { startShim, type Shim } from './bearer-shim.ts';
import { runSuite, serverArgs } from './suite.ts';

const program = fileURLToPath(new URL('../fixtures/library-stdio.ts', import.meta.url));
const { text: token, key } = mintApiKey({
  tenant: 'local',
  subject: 'suite',
  name: 'suite',
  roles: [],
  scopes: [],
  tier: undefined,
  createdAtMs: Date.now(),
  expiresAtMs: undefined,
});
const reachedAt = (port: number) => ({
  allowedHosts: [`127.0.0.1:${port}`, `localhost:${port}`],
  allowedOrigins: [`http://localhost:${port}`, `http://127.0.0.1:${port}`],
});

let server: RunningServer;
let gateway: TestGateway | undefined;
let shims: readonly Shim[] = [];
const folder = mkdtempSync(join(tmpdir(), 'library-'));
const triesAll = process.env['DOORS'] === 'all';
beforeAll(async () => {
  const [direct, through] = [await freePort(), await freePort()];
  server = await libraryServer({ auth: { keys: [key] } }).listen({ port: 0, ...reachedAt(direct) });
  shims = [await startShim(server.url ?? '', async () => token, direct)];
  if (!triesAll) return;
  const opened = await openGateway({
    servers: serversOf(server.url ?? ''),
    gateway: { ...reachedAt(through), maxStreams: 200 },
  });
  gateway = opened;
  shims = [...shims, await startShim(opened.url, () => opened.token('alice'), through)];
});

function serversOf(url: string): Record<string, object> {
  const common = {
    clientRequests: { sampling: true, elicitation: true, roots: true },
    links: { max: 1_000, maxPerPrincipal: 500 },
  };
  const secret = join(folder, 'key');
  writeFileSync(secret, `Bearer ${token}`, { mode: 0o600 });
  return {
    http: { url, headers: { authorization: { secret: `file:${secret}` } }, ...common },
    stdio: { command: [process.execPath, '--conditions=sallyport-source', program], ...common },
  };
}

afterAll(async () => {
  await Promise.all(shims.map((shim) => shim.close()));
  await gateway?.close();
  await server?.close(0);
  rmSync(folder, { recursive: true });
});
const DOORS = [
  ['its own HTTP', '2025-11-25', () => `${shims[0]?.url}/mcp`, true],
  ['its own HTTP', '2026-07-28', () => `${shims[0]?.url}/mcp`, true],
  ['stdio, behind the gateway', '2025-11-25', () => `${shims[1]?.url}/mcp/stdio`, false],
  ['stdio, behind the gateway', '2026-07-28', () => `${shims[1]?.url}/mcp/stdio`, false],
  ['HTTP, behind the gateway', '2025-11-25', () => `${shims[1]?.url}/mcp/http`, false],
  ['HTTP, behind the gateway', '2026-07-28', () => `${shims[1]?.url}/mcp/http`, false],
] as const;

describe('the conformance suite at a server of the library', () => {
  const tried = DOORS.filter(([, , , always]) => always || triesAll);
  it.each(tried)('%s, %s', { timeout: 300_000 }, async (_door, revision, url) => {
    const verdict = await runSuite(serverArgs(url(), revision));
    const failing = verdict.failing.filter((name) => !verdict.unscored.includes(name));
    expect(failing, verdict.output.slice(-3_000)).toEqual([]);
    expect(verdict.exitCode).toBe(0);
    const scored = [...verdict.passedIn].filter(([name]) => !verdict.unscored.includes(name));
    expect(scored.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(50);
  });
});
