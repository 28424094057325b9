/**
 * An MCP server over stdio that lists what a file says at the moment, so that a test can change its definitions while
 * the gateway runs. `frozen`: this process keeps what it found when it started. `after`: the tools after so many calls.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

interface Definitions {
  readonly tools: object[];
  readonly instructions?: string;
  readonly frozen?: boolean;
  readonly after?: { readonly calls: number; readonly tools: object[] };
}

const [file = ''] = process.argv.slice(2);
const read = (): Definitions => JSON.parse(readFileSync(file, 'utf8')) as Definitions;
const first = read();
const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
let calls = 0;

function current(): Definitions {
  const now = first.frozen === true ? first : read();
  // Calls count from when the change was announced.
  if (now.after === undefined) calls = 0;
  return now.after !== undefined && calls >= now.after.calls ? { ...now, tools: now.after.tools } : now;
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, method } = JSON.parse(line) as { id?: number; method?: string };
    if (method === 'initialize')
      send({
        id,
        result: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: { listChanged: true } },
          serverInfo: { name: 'changing', version: '1.0.0' },
          ...(current().instructions !== undefined && { instructions: current().instructions }),
        },
      });
    else if (method === 'tools/list') send({ id, result: { tools: current().tools } });
    else if (method === 'tools/call')
      send({ id, result: { content: [{ type: 'text', text: `done ${(calls += 1)}` }], structuredContent: {} } });
    else if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } });
  })
  .on('close', () => process.exit(0));
