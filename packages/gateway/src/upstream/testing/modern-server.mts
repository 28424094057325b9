/** A server on the v2 SDK that speaks 2026-07-28 only. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createMcpHandler, inputRequired, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { toNodeHandler } from '@modelcontextprotocol/node';

const TOOLS = [
  'echo',
  'ask',
  'ask_forever',
  'sample',
  'stateful',
  'progress',
  'slow',
  'slow_started',
  'slow_ended',
  'log',
  'whoami',
  'regional',
];
let started = 0;
let ended = 0;

export function modernServer(): Server {
  const server = new Server(
    { name: 'modern-fixture', version: '9.9.9' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
      },
      instructions: 'Modern instructions.',
    },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: TOOLS.map((name) => ({
      name,
      description: `Does ${name}.`,
      inputSchema: {
        type: 'object' as const,
        properties: {
          text: { type: 'string', ...(name === 'regional' ? { 'x-mcp-header': 'Region' } : {}) },
          ms: { type: 'number' },
        },
      },
    })),
  }));
  server.setRequestHandler('tools/call', async (request, ctx) => {
    const { params } = request;
    const args = (params.arguments ?? {}) as { text?: string; ms?: number };
    const responses = (ctx.mcpReq.inputResponses ?? {}) as Record<string, { content?: { name?: string } }>;
    const text = (value: unknown) => ({
      content: [{ type: 'text' as const, text: typeof value === 'string' ? value : JSON.stringify(value) }],
    });
    const elicit = inputRequired.elicit({
      message: 'name?',
      requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
    });
    switch (params.name) {
      case 'echo':
        return text(args.text ?? '');
      case 'regional':
        return text(args.text ?? '');
      case 'whoami':
        return text({ meta: params._meta ?? null });
      case 'ask':
        return responses['who'] === undefined
          ? inputRequired({ inputRequests: { who: elicit }, requestState: 'upstream-state' })
          : text({ who: responses['who'], state: ctx.mcpReq.requestState() });
      case 'ask_forever':
        return inputRequired({ inputRequests: { who: elicit } });
      case 'sample':
        return responses['s'] === undefined
          ? inputRequired({ inputRequests: { s: inputRequired.createMessage({ messages: [], maxTokens: 5 }) } })
          : text(responses['s']);
      case 'stateful':
        return ctx.mcpReq.requestState() === undefined
          ? inputRequired({ requestState: 'only-state' })
          : text(`state ${String(ctx.mcpReq.requestState())}`);
      case 'progress':
        for (const progress of [1, 2, 3])
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken: params._meta?.progressToken ?? 'none', progress, total: 3 },
          });
        return text('done');
      case 'log':
        for (const level of ['debug', 'warning', 'error'] as const) await ctx.mcpReq.log(level, `a ${level}`);
        return text('logged');
      case 'slow':
        started++;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, args.ms ?? 10_000);
          ctx.mcpReq.signal.addEventListener('abort', () => {
            clearTimeout(timer);
            ended++;
            resolve();
          });
        });
        return text('slow done');
      case 'slow_started':
        return text(String(started));
      case 'slow_ended':
        return text(String(ended));
      default:
        throw new Error('unknown tool');
    }
  });
  server.setRequestHandler('prompts/list', () => ({ prompts: [{ name: 'hello' }] }));
  server.setRequestHandler('prompts/get', () => ({
    messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'hello' } }],
  }));
  server.setRequestHandler('resources/list', () => ({ resources: [{ uri: 'test://a', name: 'a' }] }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', ({ params }) => ({ contents: [{ uri: params.uri, text: 'read' }] }));
  return server;
}

export interface ModernHttp {
  url: string;
  seen: { headers: IncomingHttpHeaders }[];
  handler: ReturnType<typeof createMcpHandler>;
  close(): Promise<void>;
}

export async function modernHttp(): Promise<ModernHttp> {
  const handler = createMcpHandler(() => modernServer(), { legacy: 'reject' });
  const node = toNodeHandler(handler);
  const seen: ModernHttp['seen'] = [];
  const http = createServer((req, res) => {
    seen.push({ headers: req.headers });
    // The SDK's own type of a request wants members that Node declares optional.
    void node(req as never, res);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    seen,
    handler,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

if (process.argv[1] === import.meta.filename) serveStdio(() => modernServer(), { legacy: 'reject' });
