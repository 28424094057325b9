/**
 * The tree over HTTP (C2SP tlog-tiles): whoever keeps a checkpoint proves from tiles alone that the log still has what
 * it covers.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpoint, type Checkpoint } from '@sallyport/guard/audit';
import { openUpstream, tool, type Upstream } from '../attacks/upstream.ts';
import { connect } from '../attacks/mcp-client.ts';
import { openGateway, type TestGateway } from './gateway.ts';

let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('say', { text: { type: 'string' } })] });
  gateway = await openGateway({ servers: { one: { url: upstream.url } } });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function call(times: number): Promise<void> {
  const client = await connect(`${gateway.url}/mcp/one`, await gateway.token('alice'), 'modern');
  await Promise.all(
    Array.from({ length: times }, (_, at) =>
      client.send('tools/call', { name: 'say', arguments: { text: String(at) } }),
    ),
  );
}

const get = async (path: string): Promise<Buffer> => {
  const response = await fetch(`${gateway.adminUrl}/audit/acme/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
};

async function checkpoint(): Promise<Checkpoint> {
  const vkey = readFileSync(join(gateway.folder, 'data', 'audit', 'acme', 'vkey'), 'utf8').trim();
  const opened = openCheckpoint((await get('checkpoint')).toString(), vkey);
  if (opened === undefined) throw new Error('the checkpoint is not signed');
  return opened;
}

/** A checkpoint that covers so many records: one that was being signed meanwhile may cover fewer. */
async function checkpointOf(sizeMin: number): Promise<Checkpoint> {
  await expect.poll(async () => (await checkpoint()).size, { timeout: 30_000 }).toBeGreaterThanOrEqual(sizeMin);
  return checkpoint();
}

/** RFC 6962 section 2.1 as it is written there, apart from the product's own. */
function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0] as Buffer;
  const middle = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from([1]), mth(leaves.slice(0, middle)), mth(leaves.slice(middle))]))
    .digest();
}

const hashesIn = (bytes: Buffer): Buffer[] =>
  Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, (at + 1) * 32));

async function leavesOf(size: number): Promise<Buffer[]> {
  const paths = Array.from(
    { length: Math.ceil(size / 256) },
    (_, at) => `tile/0/${String(at).padStart(3, '0')}${size - at * 256 < 256 ? `.p/${size - at * 256}` : ''}`,
  );
  return (await Promise.all(paths.map(get))).flatMap(hashesIn);
}

it('a checkpoint has the root of its tiles, and later tiles keep that root', async () => {
  await call(140);
  const first = await checkpointOf(280);
  const leaves = await leavesOf(first.size);
  expect(mth(leaves).equals(first.root)).toBe(true);
  expect(hashesIn(await get('tile/1/000.p/1'))).toEqual([mth(leaves.slice(0, 256))]);
  await call(140);
  const later = await checkpointOf(513);
  const grown = await leavesOf(later.size);
  expect([mth(grown).equals(later.root), mth(grown.slice(0, first.size)).equals(first.root)]).toEqual([true, true]);
  await gateway.restart();
  expect(await leavesOf(later.size)).toEqual(grown);
});

it('tiles beyond the checkpoint and records are not served', async () => {
  const { size } = await checkpoint();
  const beyond = String(Math.floor(size / 256) + 1).padStart(3, '0');
  for (const path of [`tile/0/${beyond}`, `tile/0/${beyond}.p/1`, 'tile/1/000', 'tile/2/000.p/1', 'tile/entries/000'])
    await expect(get(path)).rejects.toThrow(': 404');
  expect((await fetch(`${gateway.adminUrl}/audit/nobody/tile/0/000.p/1`)).status).toBe(404);
});
