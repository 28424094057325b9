/** A call keeps the settings that were in force when it arrived, also when a reload removes its server meanwhile. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../attacks/mcp-client.ts';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { openGateway, type TestGateway } from './gateway.ts';

let upstream: Upstream;
let gateway: TestGateway;
let arrived: PromiseWithResolvers<void>;
let released: PromiseWithResolvers<void>;

beforeAll(async () => {
  upstream = await openUpstream({
    tools: [tool('slow')],
    respond: async ({ method }) => {
      if (method !== 'tools/call') return undefined;
      arrived.resolve();
      await released.promise;
      return textResult('x'.repeat(2_000));
    },
  });
  gateway = await openGateway({ servers: { one: { url: upstream.url } } });
}, 30_000);
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

/** Calls the slow tool; `change` is put in force while the server works on the call. */
async function callDuring(change: (servers: Record<string, object>) => object): Promise<unknown> {
  [arrived, released] = [Promise.withResolvers(), Promise.withResolvers()];
  const before = readFileSync(gateway.config, 'utf8');
  const client = await connect(`${gateway.url}/mcp`, await gateway.token('alice'), 'modern');
  const call = client.call({ id: 1, name: 'one__slow', arguments: {} });
  await arrived.promise;
  const settings = JSON.parse(before) as { servers: Record<string, object> };
  writeFileSync(gateway.config, JSON.stringify({ ...settings, servers: change(settings.servers) }));
  await gateway.reload();
  released.resolve();
  const { result, error } = await call.done;
  await client.close();
  writeFileSync(gateway.config, before);
  await gateway.reload();
  return error ?? result;
}

it('a call whose server is removed while it runs gets its result', async () => {
  expect(await callDuring(() => ({}))).toMatchObject(textResult('x'.repeat(2_000)));
});

it('a limit for results that is lowered while a call runs does not hold back the result of this call', async () => {
  const lower = ({ one }: Record<string, object>): object => ({ one: { ...one, maxResult: '1Ki' } });
  expect(await callDuring(lower)).toMatchObject(textResult('x'.repeat(2_000)));
});
