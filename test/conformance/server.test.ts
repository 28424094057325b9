/**
 * The official suite through the gateway's `/mcp/{server}`, with every control on: all scored server scenarios of both
 * revisions.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, openGateway, type TestGateway } from '../e2e/gateway.ts';
import { startFixture, type RunningFixture } from '../fixtures/conformance-server.ts';
import { startShim, type Shim } from './bearer-shim.ts';
import { runSuite, serverArgs } from './suite.ts';

let fixtures: RunningFixture[] = [];
let gateway: TestGateway;
let shim: Shim;
beforeAll(async () => {
  fixtures = [await startFixture(), await startFixture(0, 'legacy')];
  const port = await freePort();
  const server = (url: string) => ({
    url,
    clientRequests: { sampling: true, elicitation: true, roots: true },
    links: { max: 1_000, maxPerPrincipal: 500 },
  });
  gateway = await openGateway({
    servers: { modern: server(fixtures[0]?.url ?? ''), legacy: server(fixtures[1]?.url ?? '') },
    gateway: {
      allowedHosts: [`127.0.0.1:${port}`, `localhost:${port}`],
      allowedOrigins: [`http://localhost:${port}`, `http://127.0.0.1:${port}`],
      maxStreams: 200,
    },
  });
  shim = await startShim(gateway.url, () => gateway.token('alice'), port);
});
afterAll(async () => {
  await shim?.close();
  await gateway?.close();
  await Promise.all(fixtures.map((fixture) => fixture.close()));
});

/**
 * How many checks of the scored scenarios pass. At the server itself they are 70 and 120: of 2026-07-28 one more runs,
 * because the gateway answers with streams where the SDK does not, and two less. These send answers to input requests
 * without the request state that the gateway gave out, which it refuses (S11, A18).
 */
const SCORED = { '2025-11-25': 70, '2026-07-28': 119 } as const;
/** Scenarios about streams, which do not fail where there is no stream: every check of theirs has to be made. */
const STREAMS = {
  '2025-11-25': { 'server-sse-polling': 3, 'server-sse-multiple-streams': 2 },
  '2026-07-28': { 'server-sse-multiple-streams': 2 },
} as const;

describe.each([
  ['2025-11-25', 'legacy'],
  ['2026-07-28', 'modern'],
] as const)('conformance suite %s', (revision, server) => {
  it('passes every check of every scored server scenario', { timeout: 300_000 }, async () => {
    const verdict = await runSuite(serverArgs(`${shim.url}/mcp/${server}`, revision));
    const failing = verdict.failing.filter((name) => !verdict.unscored.includes(name));
    expect(failing, verdict.output.slice(-3_000)).toEqual([]);
    expect(verdict.exitCode).toBe(0);
    const scored = [...verdict.passedIn].filter(([name]) => !verdict.unscored.includes(name));
    expect(
      scored.reduce((sum, [, count]) => sum + count, 0),
      verdict.output.slice(-3_000),
    ).toBe(SCORED[revision]);
    expect(Object.fromEntries(verdict.passedIn)).toMatchObject(STREAMS[revision]);
  });
});
