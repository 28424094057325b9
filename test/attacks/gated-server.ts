/**
 * An MCP server over stdio whose tool `wait` answers when a file appears: what a test needs in order to hold a call.
 * It makes another file when the call has arrived. Arguments: the file to wait for, and the file to make.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [gate = '', arrived = ''] = process.argv.slice(2);
const POLL_MS = 10;

interface Message {
  readonly id?: number | string;
  readonly method?: string;
}

const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

function answerWhenOpen(id: Message['id']): void {
  writeFileSync(arrived, '');
  const timer = setInterval(() => {
    if (!existsSync(gate)) return;
    clearInterval(timer);
    send({ id, result: { content: [{ type: 'text', text: 'done' }] } });
  }, POLL_MS);
}

function answer({ id, method }: Message): void {
  switch (method) {
    case 'initialize':
      return send({
        id,
        result: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 'gated', version: '1.0.0' },
        },
      });
    case 'tools/list':
      return send({ id, result: { tools: [{ name: 'wait', inputSchema: { type: 'object', properties: {} } }] } });
    case 'tools/call':
      return answerWhenOpen(id);
    default:
      if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } });
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => answer(JSON.parse(line) as Message))
  .on('close', () => process.exit(0));
