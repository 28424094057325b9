/** `sallyport status` and `sallyport whoami`, without a gateway and beside one that is played. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { mintApiKey } from '@sallyport/guard/stages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../adapters/sqlite/store.ts';
import { file, folder, run } from './testing/run.mts';

const READY = {
  checks: {
    audit: 'the disk is full',
    store: 'ok',
    'servers.a': 'ok',
    'servers.b': 'the process ended (code 4)\u001b[31m',
  },
};
const gateway = createServer((_request, response) => response.end(JSON.stringify(READY)));
let port = 0;
beforeAll(async () => {
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  ({ port } = gateway.address() as AddressInfo);
});
afterAll(() => void gateway.close());

describe('status', () => {
  const config = (admin: number): string =>
    `admin: { listen: ${admin} }\ngateway: { listen: 1 }\ndata: ${mkdtempSync(join(folder, 'data-'))}\n` +
    'servers: { a: { url: https://x }, b: { command: [node] } }';

  it('names each server with its last error, and whatever else does not work', async () => {
    const { code, out } = await run(['status', '--config', file('status.yaml', config(port))]);
    expect(code).toBe(1);
    expect(out).toMatch(/listener +http:\/\/127.0.0.1:1\/mcp +nothing answers\n/);
    expect(out).toMatch(/server +a +ready\n/);
    expect(out).toMatch(/server +b +failed: the process ended \(code 4\)\\u\{1b\}\[31m\n/);
    expect(out).toMatch(/check +audit +failed: the disk is full\n/);
    expect(out).toContain('weakened  servers.a: definitions are trusted');
  });

  it('says so when nothing runs', async () => {
    const { code, out, err } = await run(['status', '--json', '--config', file('status.yaml', config(2))]);
    expect([code, err]).toEqual([1, '']);
    expect(JSON.parse(out)).toMatchObject({
      running: false,
      servers: [{ name: 'a', status: 'unknown' }, { name: 'b' }],
    });
  });
});

describe('whoami', () => {
  const data = mkdtempSync(join(folder, 'data-'));
  const whoami = async (token: string, tenants = '[acme]') =>
    run(['whoami', '--config', file('whoami.yaml', `data: ${data}\ntenants: ${tenants}`)], {
      environment: { SALLYPORT_TOKEN: token },
    });

  it('shows the user, the tenant and the roles of a key, and why one is not accepted', async () => {
    const fields = { tenant: 'acme', name: 'ci', subject: 'ann', roles: ['dev'], scopes: [], tier: undefined };
    const { key, text } = mintApiKey({ ...fields, createdAtMs: 0, expiresAtMs: undefined });
    const store = openStore(join(data, 'sallyport.db'));
    await store.keys.put(key);
    store.close();
    const known = await whoami(text);
    expect([known.code, known.out]).toEqual([
      0,
      expect.stringMatching(/subject +ann\nroles +dev\n(?:.*\n)*tenant +acme\n/),
    ]);
    const other = await whoami(text, '[globex]');
    expect([other.code, other.out]).toEqual([1, expect.stringContaining('every call is refused')]);
    const refused = await whoami(`${text}x`);
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toContain('is not accepted');
    expect(refused.err).not.toContain(text);
  });
});
