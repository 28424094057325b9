/**
 * A server on the v2 SDK that speaks both eras, with tools that ask the client in the middle of a call as servers did
 * before 2026-07-28, and one that asks as servers do since. `node dual-server.mts` speaks over standard streams.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createMcpHandler, inputRequired, isLegacyRequest, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } from '@modelcontextprotocol/node';

const TOOLS = ['push_elicit', 'push_sample', 'push_roots', 'ask', 'watch', 'era'];
const SCHEMA = { type: 'object' as const, properties: { name: { type: 'string' as const } } };
const WATCHED = 'test://watched';

const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] });

export function dualServer(era: 'legacy' | 'modern'): Server {
  const server = new Server(
    { name: 'dual-fixture', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true }, resources: { subscribe: true } } },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: TOOLS.map((name) => ({ name, inputSchema: { type: 'object' as const, properties: {} } })),
  }));
  server.setRequestHandler('resources/list', () => ({ resources: [{ uri: WATCHED, name: 'watched' }] }));
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    switch (params.name) {
      case 'push_elicit':
        return text(await ctx.mcpReq.elicitInput({ message: 'name?', requestedSchema: SCHEMA }));
      case 'push_sample':
        return text(await ctx.mcpReq.requestSampling({ messages: [], maxTokens: 5 }));
      case 'push_roots':
        return text(await server.listRoots());
      case 'ask': {
        const { who } = (ctx.mcpReq.inputResponses ?? {}) as Record<string, unknown>;
        if (who !== undefined) return text(who);
        return inputRequired({
          inputRequests: { who: inputRequired.elicit({ message: 'name?', requestedSchema: SCHEMA }) },
        });
      }
      case 'watch':
        await server.sendResourceUpdated({ uri: WATCHED });
        return text('sent');
      default:
        return text(era);
    }
  });
  return server;
}

export interface DualHttp {
  readonly url: string;
  /** The first words of every request: method of HTTP and of JSON-RPC. */
  readonly seen: string[];
  close(): Promise<void>;
}

/** @param legacy whether legacy clients get sessions, or each request of theirs is answered alone. */
export async function dualHttp(legacy: 'sessions' | 'stateless'): Promise<DualHttp> {
  const factory = ({ era }: { readonly era: 'legacy' | 'modern' }): Server => dualServer(era);
  const handler = createMcpHandler(factory, { legacy: legacy === 'stateless' ? 'stateless' : 'reject' });
  const modern = toNodeHandler(handler);
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const seen: string[] = [];
  const http = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body =
      chunks.length === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as { method?: string });
    seen.push(`${req.method} ${body?.method ?? ''}`);
    const isLegacy =
      req.method !== 'POST' ||
      (await isLegacyRequest((await toWebRequest(req as never, body)) as never, body as never));
    // The SDK's own type of a request wants members that Node declares optional.
    if (legacy === 'stateless' || !isLegacy) return void modern(req as never, res as never, body);
    const known = sessions.get(String(req.headers['mcp-session-id']));
    const transport: NodeStreamableHTTPServerTransport =
      known ??
      new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id: string) => void sessions.set(id, transport),
      } as never);
    if (known === undefined) await dualServer('legacy').connect(transport as never);
    await transport.handleRequest(req, res, body);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    seen,
    close: async () => {
      await handler.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

if (process.argv[1] === import.meta.filename) serveStdio(({ era }) => dualServer(era));
