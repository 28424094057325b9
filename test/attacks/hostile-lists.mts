/**
 * Compares hostile lists with the pins, in a process of its own with little memory: `node hostile-lists.mts FOLDER
 * LISTS PIN`. Prints what is left of them, as JSON.
 */
import { readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerSettings } from '../../packages/gateway/src/snapshot.ts';
import { openStore } from '../../packages/gateway/src/adapters/sqlite/store.ts';
import { createHarness, httpTransport, serverSettings } from '../../packages/gateway/src/upstream/testing/harness.mts';

const [folder = '', lists = '0', pin = 'first_use'] = process.argv.slice(2);

/** Every list has other names, documents of 100 kB, and a doubled key, so that only a lenient parser can read it. */
let page = 0;
const PAGES_MAX = 2;
const listPage = (): string => {
  page++;
  const tools = Array.from(
    { length: 60 },
    (_none, at) =>
      `{"name":"t${page}x${at}","description":"${'d'.repeat(100_000)}","inputSchema":{"type":"object","type":"object"}}`,
  );
  const cursor = page % PAGES_MAX === 0 ? '' : `,"nextCursor":"c${page}"`;
  return `{"resultType":"complete","tools":[${tools.join(',')}]${cursor}}`;
};

const http = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id: number; method: string };
    const discovered = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };
    const result = method === 'tools/list' ? listPage() : JSON.stringify(discovered);
    res.writeHead(200, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
  });
});
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
const { port } = http.address() as { port: number };

const store = openStore(`${folder}/store.db`);
const settings: Partial<ServerSettings> = { pin: pin as ServerSettings['pin'], verifyIntervalMs: 0, timeoutMs: 60_000 };
const harness = createHarness(
  [serverSettings('s', httpTransport(`http://127.0.0.1:${port}/mcp`), settings)],
  store.pins,
);
const target = { kind: 'servers', servers: ['s'] } as const;
for (let count = 0; count < Number(lists); count++) await harness.run('tools/list', target, {}).catch(() => undefined);

const sizeOf = (value: { document: unknown }): number => JSON.stringify(value.document).length;
const kept = [...(await store.pins.pins()), ...(await store.pins.pending())].filter(({ kind }) => kind === 'tool');
const files = readdirSync(folder).map((name) => statSync(`${folder}/${name}`).size);
process.stdout.write(
  JSON.stringify({
    keptBytes: kept.reduce((sum, one) => sum + sizeOf(one), 0),
    residentBytes: process.memoryUsage.rss(),
    diskBytes: files.reduce((sum, size) => sum + size, 0),
  }),
);
process.exit(0);
