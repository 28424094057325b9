/** A27: nobody else on the machine can read what the gateway writes, whatever the umask is. */
import { appendFileSync, chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../packages/gateway/src/cli/testing/run.mts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { openToOthers } from '../fixtures/file-modes.ts';
import { connect } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

let upstream: Upstream;
let gateway: TestGateway;
let data: string;
const umask = process.umask(0);
beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('alpha')] });
  gateway = await openGateway({
    servers: { one: { url: upstream.url } },
    // Small, so that a new segment is begun.
    settings: { audit: { segment: '2Ki' } },
  });
  data = join(gateway.folder, 'data');
});
afterAll(async () => {
  process.umask(umask);
  await gateway?.close();
  await upstream?.close();
});

async function calls(): Promise<void> {
  for (const user of ['alice', 'bob']) {
    const client = await connect(`${gateway.url}/mcp/one`, await gateway.token(user), 'legacy');
    for (let id = 1; id < 4; id++) await client.call({ id, name: 'alpha', arguments: {} }).done;
    await client.close();
  }
}

const files = (): readonly string[] => readdirSync(data, { recursive: true, encoding: 'utf8' });

describe.skipIf(process.platform === 'win32')('A27 the data folder', () => {
  it('holds files of mode 0600 and folders of mode 0700 only', async () => {
    await calls();
    const made = await run(['keys', 'create', '--tenant', 'acme', '--name', 'robot', '--config', gateway.config]);
    expect(made.code).toBe(0);
    // A torn end is set aside by the next start.
    const segments = files().filter((name) => name.endsWith('.seg') && name.includes('acme'));
    expect(segments.length).toBeGreaterThan(1);
    appendFileSync(join(data, segments.sort().at(-1) ?? ''), 'torn');
    await gateway.restart();
    await calls();
    expect(files().some((name) => name.endsWith('.set-aside'))).toBe(true);
    expect(files().length).toBeGreaterThan(20);
    expect(openToOthers(data)).toEqual([]);
    expect(statSync(data).mode & 0o777).toBe(0o700);
  });

  it('closes a database to others that is open to them', async () => {
    const databases = files().filter((name) => /\.db(?:-wal|-shm)?$/.test(name));
    expect(databases.length).toBeGreaterThan(1);
    for (const name of databases) chmodSync(join(data, name), 0o666);
    await gateway.restart();
    expect(openToOthers(data)).toEqual([]);
  });
});
