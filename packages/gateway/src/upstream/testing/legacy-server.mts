/** A server on the v1 SDK with everything that a legacy server may do. `node legacy-server.mts [stdio|http PORT]`. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server as HttpServer } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/sdk/types.js';

const NAMES = [
  'echo',
  'ask',
  'ask_two',
  'ask_briefly',
  'sample',
  'roots',
  'progress',
  'slow',
  'slow_started',
  'slow_ended',
  'gave_up',
  'log',
  'fail',
  'app_error',
  'whoami',
  'add_tool',
  'touch',
  'url_needed',
];
let started = 0;
let ended = 0;
let gaveUp = 0;

export function legacyServer(id = randomUUID()): Server {
  const server = new Server(
    { name: 'legacy-fixture', version: '1.2.3' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
      instructions: 'Legacy instructions.',
    },
  );
  const extra: string[] = [];
  const watched = new Set<string>();
  const schema = { type: 'object' as const, properties: { text: { type: 'string' }, ms: { type: 'number' } } };
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [...NAMES, ...extra].map((name) => ({ name, description: `Does ${name}.`, inputSchema: schema })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, call) => {
    const args = (params.arguments ?? {}) as { text?: string; ms?: number };
    const text = (value: unknown) => ({
      content: [{ type: 'text' as const, text: typeof value === 'string' ? value : JSON.stringify(value) }],
    });
    const elicit = (message: string) =>
      call.sendRequest(
        {
          method: 'elicitation/create',
          params: { message, requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
        },
        ANY,
        { timeout: 600_000 },
      );
    switch (params.name) {
      case 'echo':
        return text(args.text ?? '');
      case 'whoami':
        return text({
          id,
          meta: params._meta ?? null,
          caps: server.getClientCapabilities() ?? null,
          client: server.getClientVersion() ?? null,
        });
      case 'ask':
        return text(await elicit(`first ${args.text ?? ''}`));
      case 'ask_two':
        return text(await Promise.all([elicit('one'), elicit('two')]));
      case 'ask_briefly':
        return text(
          await call
            .sendRequest(
              {
                method: 'elicitation/create',
                params: { message: 'quick?', requestedSchema: { type: 'object', properties: {} } },
              },
              ANY,
              { timeout: 150 },
            )
            .catch(() => {
              gaveUp++;
              return 'gave up';
            }),
        );
      case 'sample':
        return text(
          await call.sendRequest({ method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } }, ANY),
        );
      case 'roots':
        return text(await call.sendRequest({ method: 'roots/list' }, ANY));
      case 'progress':
        for (const progress of [1, 2, 1, 3])
          await call.sendNotification({
            method: 'notifications/progress',
            params: { progressToken: params._meta?.progressToken ?? 'none', progress, total: 3 },
          });
        return text('done');
      case 'log':
        for (const level of ['debug', 'warning', 'error'] as const)
          await call.sendNotification({ method: 'notifications/message', params: { level, data: `a ${level}` } });
        return text('logged');
      case 'slow':
        started++;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, args.ms ?? 10_000);
          call.signal.addEventListener('abort', () => {
            clearTimeout(timer);
            ended++;
            resolve();
          });
        });
        return text('slow done');
      case 'slow_started':
        return text(String(started));
      case 'gave_up':
        return text(String(gaveUp));
      case 'slow_ended':
        return text(String(ended));
      case 'add_tool':
        extra.push(args.text ?? 'added');
        await server.sendToolListChanged();
        return text('added');
      case 'touch':
        for (const uri of watched) await server.sendResourceUpdated({ uri });
        return text([...watched]);
      case 'fail':
        throw new Error('secret /etc/internal detail');
      case 'app_error':
        throw new McpError(1234, 'quota\u202e used\u0007 up\nsecond line', { left: 0 });
      case 'url_needed':
        throw new UrlElicitationRequiredError([
          { mode: 'url', message: 'Sign in', url: 'https://login.example/x', elicitationId: 'e1' },
        ]);
      default:
        throw new McpError(-32602, 'Unknown tool');
    }
  });
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: [{ name: 'hello', arguments: [{ name: 'who', required: false }] }],
  }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `hello ${params.arguments?.['who'] ?? ''}` } }],
  }));
  server.setRequestHandler(ListResourcesRequestSchema, ({ params }) =>
    params?.cursor === undefined
      ? { resources: [{ uri: 'test://a', name: 'a', size: Math.floor(Math.random() * 1e6) }], nextCursor: '' }
      : { resources: [{ uri: 'test://b', name: 'b' }] },
  );
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: 'test://item/{id}', name: 'item' }],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
    if (params.uri === 'test://item/missing') throw new McpError(-32002, 'Resource not found');
    return { contents: [{ uri: params.uri, text: `read ${params.uri}` }] };
  });
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => ({
    completion: { values: [`${params.argument.value}!`] },
  }));
  server.setRequestHandler(SetLevelRequestSchema, () => ({}));
  server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    watched.add(params.uri);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    watched.delete(params.uri);
    return {};
  });
  return server;
}

const ANY = {
  parse: (value: unknown) => value,
  safeParse: (value: unknown) => ({ success: true, data: value }),
  _zod: undefined,
} as never;

export interface LegacyHttp {
  url: string;
  sessions: Map<string, StreamableHTTPServerTransport>;
  seen: { method: string; headers: Record<string, unknown> }[];
  close(): Promise<void>;
}

export async function legacyHttp(options: { json?: boolean; stateless?: boolean } = {}): Promise<LegacyHttp> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const seen: LegacyHttp['seen'] = [];
  const http: HttpServer = createServer((req, res) => {
    void (async () => {
      seen.push({ method: req.method ?? '', headers: req.headers });
      const sessionId = req.headers['mcp-session-id'];
      let transport = typeof sessionId === 'string' ? sessions.get(sessionId) : undefined;
      if (transport === undefined) {
        if (typeof sessionId === 'string')
          return void res
            .writeHead(404, { 'content-type': 'application/json' })
            .end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }));
        const fresh = new StreamableHTTPServerTransport({
          ...(options.stateless ? { sessionIdGenerator: undefined } : { sessionIdGenerator: randomUUID }),
          enableJsonResponse: options.json ?? false,
          onsessioninitialized: (id: string) => {
            sessions.set(id, fresh);
          },
          onsessionclosed: (id: string) => {
            sessions.delete(id);
          },
        } as never);
        transport = fresh;
        await legacyServer().connect(transport as never);
      }
      await transport.handleRequest(req, res);
    })().catch(() => {
      if (!res.headersSent) res.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    sessions,
    seen,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

if (process.argv[1] === import.meta.filename) await legacyServer().connect(new StdioServerTransport());
