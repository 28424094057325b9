/**
 * An upstream server that is nothing but HTTP and JSON, so that it can note every byte that reaches it and answer in
 * ways that no SDK would. Speaks either era; what is special about it is said by its options.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Record<string, unknown>;

export interface Received {
  /** Of JSON-RPC; of HTTP where there is no body. */
  readonly method: string;
  readonly params: Json;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface UpstreamOptions {
  /** Any free one unless given. */
  readonly port?: number;
  readonly era?: 'legacy' | 'modern';
  /** What it tells every client of itself. */
  readonly instructions?: string;
  readonly tools?: readonly Json[];
  readonly prompts?: readonly Json[];
  readonly resources?: readonly Json[];
  readonly templates?: readonly Json[];
  /** A GET: the stream of what belongs to no call, opened already; without this there is none. */
  stream?(response: ServerResponse): void;
  /** The result of a call; `undefined` = it has written to the response itself, or never will. */
  respond?(received: Received, response: ServerResponse): Json | Promise<Json | undefined> | undefined;
}

export interface Upstream {
  readonly url: string;
  /** Everything that arrived, in order. */
  readonly received: Received[];
  /** What was done, apart from greetings and lists. */
  operations(): readonly Received[];
  close(): Promise<void>;
}

export const textResult = (text: string): Json => ({ content: [{ type: 'text', text }] });

export const tool = (name: string, properties: Json = { a: { type: 'string' } }, more: Json = {}): Json => ({
  name,
  description: `The tool ${name}.`,
  inputSchema: { type: 'object', properties },
  ...more,
});

const ACTS = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'subscriptions/listen',
]);

function offered(options: UpstreamOptions, method: string): Json | undefined {
  switch (method) {
    case 'tools/list':
      return { tools: options.tools ?? [] };
    case 'prompts/list':
      return { prompts: options.prompts ?? [] };
    case 'resources/list':
      return { resources: options.resources ?? [] };
    case 'resources/templates/list':
      return { resourceTemplates: options.templates ?? [] };
    case 'ping':
      return {};
    default:
      return undefined;
  }
}

function usual({ method, params }: Received): Json | undefined {
  switch (method) {
    case 'tools/call':
      return textResult(`done ${JSON.stringify(params['arguments'] ?? {})}`);
    case 'prompts/get':
      return { messages: [{ role: 'user', content: { type: 'text', text: 'done' } }] };
    case 'resources/read':
      return { contents: [{ uri: params['uri'], mimeType: 'text/plain', text: 'done' }] };
    case 'completion/complete':
      return { completion: { values: ['done'], total: 1, hasMore: false } };
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return {};
    default:
      return undefined;
  }
}

function greeting({ era = 'legacy', instructions }: UpstreamOptions, method: string): Json | undefined {
  const capabilities = {
    tools: {},
    prompts: {},
    resources: era === 'legacy' ? { subscribe: true } : {},
    completions: {},
  };
  const serverInfo = { name: 'attacked', version: '1.0.0' };
  if (era === 'legacy' && method === 'initialize')
    return {
      protocolVersion: '2025-11-25',
      capabilities,
      serverInfo,
      ...(instructions !== undefined && { instructions }),
    };
  if (era === 'modern' && method === 'server/discover')
    return {
      supportedVersions: ['2026-07-28'],
      capabilities,
      ...(instructions !== undefined && { instructions }),
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    };
  return undefined;
}

async function answer(options: UpstreamOptions, received: Received, response: ServerResponse): Promise<void> {
  const { id } = (received.body === '' ? {} : JSON.parse(received.body)) as { id?: unknown };
  if (received.method === 'GET' && options.stream !== undefined) {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    return options.stream(response);
  }
  if (received.body === '') return void response.writeHead(405).end();
  if (id === undefined) return void response.writeHead(202).end();
  const { era = 'legacy' } = options;
  const send = (message: Json): void =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id, ...message }));
  const own = await options.respond?.(received, response);
  if (response.writableEnded || response.headersSent || own?.['silent'] === true) return;
  const result = own ?? greeting(options, received.method) ?? offered(options, received.method) ?? usual(received);
  if (result === undefined) return send({ error: { code: -32601, message: 'Method not found' } });
  if (result['error'] !== undefined) return send(result);
  send({ result: era === 'modern' ? { resultType: 'complete', ...result } : result });
}

/** A `respond` that never answers. */
export const SILENT: Json = { silent: true };

export async function openUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const received: Received[] = [];
  // The gateway may use a connection again whenever it likes.
  const server = createServer({ keepAliveTimeout: 600_000 }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const message = (body === '' ? {} : JSON.parse(body)) as { method?: string; params?: Json };
    const one: Received = {
      method: message.method ?? request.method ?? '',
      params: message.params ?? {},
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      body,
    };
    received.push(one);
    await answer(options, one, response);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    received,
    operations: () => received.filter(({ method }) => ACTS.has(method)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
