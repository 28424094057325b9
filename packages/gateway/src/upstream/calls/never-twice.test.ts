/** A call that a server may have executed is sent once, however the server answers it (L10). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeHttp, type FakeHttp } from '../testing/fake-http.mts';
import { legacyFake, type FakeLegacy } from '../testing/fake-legacy.mts';
import {
  createHarness,
  httpTransport,
  serverSettings,
  stdioTransport,
  waitUntil,
  type UpstreamHarness,
} from '../testing/harness.mts';

let modern: FakeHttp;
let legacy: FakeLegacy;
let harness: UpstreamHarness;

beforeEach(async () => {
  [modern, legacy] = await Promise.all([fakeHttp(), legacyFake()]);
  harness = createHarness([
    serverSettings('modern', httpTransport(modern.url), { timeoutMs: 5_000 }),
    serverSettings('legacy', httpTransport(legacy.url), { timeoutMs: 5_000 }),
  ]);
  await harness.discover();
});

afterEach(async () => {
  await harness.close();
  await Promise.all([modern.close(), legacy.close()]);
});

const call = (server: string) =>
  harness.run(
    'tools/call',
    { kind: 'tool', server, name: 'echo' },
    { name: 'echo', arguments: {} },
    { session: 's', onClientRequest: () => Promise.resolve({ action: 'accept', content: {} }) },
  );

type Answer = readonly [what: string, answer: (id: number, res: ServerResponse) => void];

const STATUSES = [300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 415, 421, 425, 426, 429];
const ERROR_CODES = [-32000, -32001, -32002, -32020, -32021, -32022, -32600, -32601, -32602, -32603, -32700];

const statuses: Answer[] = [...STATUSES, 500, 501, 502, 503, 504, 511].map((status) => [
  `status ${status}`,
  (_id, res) => res.writeHead(status).end(),
]);
const errors: Answer[] = ERROR_CODES.flatMap((code) =>
  [200, 400, 404].map((status): Answer => [
    `status ${status} with error ${code}`,
    (id, res) => {
      const error = { code, message: 'no', data: { supported: ['2026-07-28', '2025-11-25'] } };
      res
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id: status === 400 ? null : id, error }));
    },
  ]),
);
const breaks: Answer[] = [
  ['a reset', (_id, res) => res.socket?.resetAndDestroy()],
  ['a closed connection', (_id, res) => res.socket?.destroy()],
  ['a body that breaks off', (_id, res) => res.writeHead(200, { 'content-length': 9 }).write('{', () => res.destroy())],
  ['an empty body', (_id, res) => res.writeHead(200, { 'content-type': 'application/json' }).end()],
  ['accepted', (_id, res) => res.writeHead(202).end()],
];

describe.each(['modern', 'legacy'] as const)('%s', (era) => {
  it.each([...statuses, ...errors, ...breaks])(
    'L10 a call that was executed and answered by %s runs once',
    async (_what, answer) => {
      let executions = 0;
      const hook = ({ method, id }: { method: string; id: number }, res: ServerResponse): undefined => {
        if (method !== 'tools/call') return;
        executions++;
        answer(id, res);
      };
      modern.answer = hook;
      legacy.answer = hook;
      expect((await call(era)).status).not.toBe('success');
      expect(executions).toBe(1);
      modern.answer = () => undefined;
      legacy.answer = () => undefined;
      // Whatever the answer meant, the server is not lost by it.
      expect((await call(era)).status).toBe('success');
    },
  );

  it('L10 a list, which has no effect, is read again in a new session before the call is first sent', async () => {
    await harness.close();
    harness = createHarness([
      serverSettings(era, httpTransport(era === 'legacy' ? legacy.url : modern.url), {
        verifyIntervalMs: 0,
      }),
    ]);
    await harness.discover();
    await call(era);
    legacy.sessions.clear();
    legacy.received.length = 0;
    modern.received.length = 0;
    expect((await call(era)).status).toBe('success');
    const received = era === 'legacy' ? legacy.received : modern.received;
    expect(received.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
  });
});

it('L10 a later round of input that cannot be sent does not begin the call anew', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'never-twice-'));
  const file = join(folder, 'executions');
  const script = join(import.meta.dirname, '../testing/fake-stdio.mts');
  const child = createHarness([serverSettings('child', stdioTransport([script, 'asks-and-ends', file]))]);
  try {
    await child.discover();
    const outcome = await child.run(
      'tools/call',
      { kind: 'tool', server: 'child', name: 'echo' },
      { name: 'echo', arguments: {} },
      {
        session: 's',
        capabilities: { elicitation: { form: {} } },
        // The server ends while the client answers, so that the second round finds nobody.
        onClientRequest: async () => {
          // The other session is that of the discovery.
          await waitUntil(() => child.upstreams.stats().sessions['child'] === 1);
          return { action: 'accept', content: { name: 'Ann' } };
        },
      },
    );
    expect(outcome).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(child.clientRequests).toHaveLength(1);
    expect(readFileSync(file, 'utf8')).toBe('executed\n');
  } finally {
    await child.close();
    rmSync(folder, { recursive: true });
  }
});
