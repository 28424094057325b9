/** B7: the sockets of a server, which its calls under way have. */
import { afterEach, expect, it } from 'vitest';
import type { PrincipalKey } from '@sallyport/guard';
import type { Owner } from '../sessions/session.ts';
import { fakeHttp, type FakeHttp } from '../testing/fake-http.mts';
import { createHarness, httpTransport, serverSettings, waitUntil, type UpstreamHarness } from '../testing/harness.mts';
import { createCallShares } from './call-shares.ts';

let harness: UpstreamHarness | undefined;
const servers: FakeHttp[] = [];
afterEach(async () => {
  await harness?.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const callBy = (tenant: string, user: string, server = 's', client = 'c') => ({
  settings: serverSettings(server, httpTransport('http://127.0.0.1:1')),
  owner: {
    tenant,
    user: `${user} of ${tenant}`,
    principal: client as PrincipalKey,
    isGateway: false,
    session: '-',
  } satisfies Owner,
});

it('B7 a user has a share of the calls at one server, whatever its client ids; another tenant has its own', () => {
  const shares = createCallShares(12);
  const held = Array.from({ length: 6 }, (_, at) => shares.hold([callBy('acme', 'alice', 's', `client ${at}`)]));
  expect(() => shares.hold([callBy('acme', 'alice')])).toThrow('Too many calls of this user to this server are under');
  const others = [shares.hold([callBy('acme', 'bob')]), shares.hold([callBy('acme', 'dave')])];
  expect(() => shares.hold([callBy('acme', 'erin')])).toThrow('Too many calls of this tenant to this server are under');
  shares.hold([callBy('globex', 'carol')])();
  // A call to several servers is counted at all of them or at none.
  expect(() => shares.hold([callBy('acme', 'alice', 'free'), callBy('acme', 'alice')])).toThrow();
  const free = Array.from({ length: 6 }, () => shares.hold([callBy('acme', 'alice', 'free')]));
  for (const release of [...held, ...others, ...free]) release();
  for (let at = 0; at < 6; at++) shares.hold([callBy('acme', 'alice')]);
});

it('B7 a user whose calls a server never answers leaves sockets to others', { timeout: 120_000 }, async () => {
  const server = await fakeHttp();
  servers.push(server);
  harness = createHarness([serverSettings('s', httpTransport(server.url), { timeoutMs: 100_000 })]);
  await harness.discover();
  server.answer = ({ method, params }) => {
    const isHeld = method === 'tools/call' && (params['arguments'] as { held?: boolean }).held === true;
    return isHeld ? new Promise(() => {}) : undefined;
  };
  await harness.callTool('s', 'echo', {}, { user: 'bob' });
  const abort = new AbortController();
  const { signal } = abort;
  const calls = Array.from({ length: 150 }, () =>
    harness?.run(
      'tools/call',
      { kind: 'tool', server: 's', name: 'echo' },
      { name: 'echo', arguments: { held: true } },
      {
        signal,
      },
    ),
  );
  const refused: unknown[] = [];
  for (const call of calls)
    void call?.then((outcome) => {
      if (outcome.status !== 'success' && outcome.error.code === 'rate_limited') refused.push(outcome);
    });
  const held = (): number =>
    server.received.filter(({ params }) => (params['arguments'] as { held?: boolean } | undefined)?.held).length;
  await waitUntil(() => held() === 128 && refused.length === 22, 60_000);
  for (let at = 0; at < 5; at++) await harness.callTool('s', 'echo', {}, { user: 'bob' });
  abort.abort();
  await Promise.all(calls);
  await harness.callTool('s', 'echo', {});
});
