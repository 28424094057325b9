/** L7: the clock of the machine stands still, is set back and forth, while a gateway serves: waits end all the same. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connect, type Answer } from '../attacks/mcp-client.ts';
import { openUpstream, SILENT, tool, type Upstream } from '../attacks/upstream.ts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';

const DAY_MS = 86_400_000;
const codeOf = ({ result }: Answer): unknown =>
  (result?.['structuredContent'] as { error_code?: string } | undefined)?.error_code;

let isSilent = false;
let upstream: Upstream;
let gateway: TestGateway;
const open = (port?: number): Promise<Upstream> =>
  openUpstream({
    ...(port !== undefined && { port }),
    tools: [tool('act')],
    respond: ({ method }) => (method === 'tools/call' && isSilent ? SILENT : undefined),
  });
beforeEach(async () => {
  // The clock of the machine stands still from here on; timers and `performance` go on.
  vi.useFakeTimers({ toFake: ['Date'] });
  isSilent = false;
  upstream = await open();
  gateway = await openGateway({ servers: { one: { url: upstream.url, timeout: '1s' } } });
});
afterEach(async () => {
  vi.useRealTimers();
  await gateway.close();
  await upstream.close();
});

/** Calls until one is answered: a busy machine may need longer than the time-out of the server. */
async function untilDone(): Promise<void> {
  while (!JSON.stringify((await call()).result ?? null).includes('done'));
}

/** One call with a new token: what was signed before the jump may have expired. */
async function call(): Promise<Answer> {
  const client = await connect(`${gateway.url}/mcp/one`, await gateway.token('alice'), 'modern');
  return client.send('tools/call', { name: 'act', arguments: {} });
}

it.each([
  ['stands still', 0],
  ['is set back', -DAY_MS],
  ['is set forth', DAY_MS],
] as const)(
  'L7: the clock %s: a silent server times out, and one that was away is tried again',
  async (_name, jumpMs) => {
    await untilDone();
    isSilent = true;
    const before = upstream.operations().length;
    const silent = call();
    while (upstream.operations().length === before) await new Promise(setImmediate);
    vi.setSystemTime(Date.now() + jumpMs);
    expect(codeOf(await silent)).toBe('TIMEOUT');
    isSilent = false;
    const port = Number(new URL(upstream.url).port);
    await upstream.close();
    expect((await call()).result).toMatchObject({ isError: true });
    vi.setSystemTime(Date.now() + jumpMs);
    upstream = await open(port);
    await untilDone();
  },
);
