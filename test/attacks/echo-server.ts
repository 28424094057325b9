/**
 * An MCP server over stdio that answers every call with the line that it was sent, byte for byte, and keeps a journal
 * of all lines, so that a test can see them. A line ends where JSON-RPC over stdio says: at LF.
 */
import { appendFileSync } from 'node:fs';

const [list = '[]', journal] = process.argv.slice(2);
const tools = JSON.parse(list) as object[];
const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

function take(line: string): void {
  if (journal !== undefined) appendFileSync(journal, `${line}\n`);
  const { id, method } = parsed(line);
  if (method === 'initialize')
    send({
      id,
      result: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'raw-echo', version: '1.0.0' },
      },
    });
  else if (method === 'tools/list') send({ id, result: { tools } });
  else if (method === 'tools/call')
    send({ id, result: { content: [{ type: 'text', text: Buffer.from(line).toString('base64') }] } });
  else if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } });
}

/** What is no JSON is passed over, as servers do. */
function parsed(line: string): { id?: number; method?: string } {
  try {
    return JSON.parse(line) as { id?: number; method?: string };
  } catch {
    return {};
  }
}

let rest = '';
process.stdin
  .setEncoding('utf8')
  .on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  })
  .on('end', () => process.exit(0));
