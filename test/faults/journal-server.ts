/** An MCP server over stdio that keeps a list of the calls that it executed. Argument: the file of the list. */
import { createInterface } from 'node:readline';
import { openJournal } from './journal.ts';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly arguments?: { readonly call?: string } };
}

const journal = openJournal(process.argv[2] ?? '');
const tool = { name: 'act', inputSchema: { type: 'object', properties: { call: { type: 'string' } } } };
const serverInfo = { name: 'journal', version: '1.0.0' };

const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

function answer({ id, method, params }: Message): void {
  switch (method) {
    case 'initialize':
      return send({ id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo } });
    case 'tools/list':
      return send({ id, result: { tools: [tool] } });
    case 'tools/call':
      journal.add(params?.arguments?.call ?? '');
      return send({ id, result: { content: [{ type: 'text', text: 'done' }] } });
    default:
      if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } });
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => answer(JSON.parse(line) as Message))
  .on('close', () => process.exit(0));
