/**
 * An MCP server over stdio, written on nothing but JSON lines, that answers out of order: every `tools/call echo` waits
 * a random few milliseconds, reports progress under the token it was given, and answers with the canary it was sent.
 * What it was cancelled on it answers all the same, late, as a hostile server would.
 */
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly protocolVersion?: string;
    readonly arguments?: { readonly canary?: string; readonly delayMs?: number };
    readonly _meta?: { readonly progressToken?: number | string };
  };
}

const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

const tool = {
  name: 'echo',
  description: 'Answers with the canary.',
  inputSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['canary'],
    properties: { canary: { type: 'string' }, delayMs: { type: 'integer', minimum: 0, maximum: 2000 } },
  },
};

function answer(message: Message): void {
  const { id, params } = message;
  switch (message.method) {
    case 'initialize':
      return send({
        id,
        result: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 'slow-echo', version: '1.0.0' },
        },
      });
    case 'tools/list':
      return send({ id, result: { tools: [tool] } });
    case 'tools/call': {
      const progressToken = params?._meta?.progressToken;
      const canary = params?.arguments?.canary ?? '';
      if (progressToken !== undefined)
        send({ method: 'notifications/progress', params: { progressToken, progress: 1, message: canary } });
      setTimeout(
        () => send({ id, result: { content: [{ type: 'text', text: canary }] } }),
        params?.arguments?.delayMs ?? Math.random() * 40,
      );
      return;
    }
    default:
      if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } });
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => answer(JSON.parse(line) as Message))
  .on('close', () => process.exit(0));
