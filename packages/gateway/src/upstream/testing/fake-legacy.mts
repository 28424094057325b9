/** A hostile HTTP server with sessions (2025-11-25): it sends what the test wants it to send. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { JsonObject } from '@sallyport/guard';
import { tool } from './fake-http.mts';

export interface LegacyRequest {
  id: number;
  method: string;
  params: JsonObject;
  session: string | undefined;
  req: IncomingMessage;
}

export interface FakeLegacy {
  url: string;
  received: LegacyRequest[];
  sessions: Set<string>;
  version: string;
  tools: (session: string | undefined) => JsonObject[];
  onSession: (session: string) => void;
  /** Returns a result, or undefined for the standard answer; may write to the response itself. */
  answer: (request: LegacyRequest, res: ServerResponse) => JsonObject | undefined | Promise<JsonObject | undefined>;
  close(): Promise<void>;
}

function standardResult(method: string, tools: JsonObject[]): JsonObject {
  if (method === 'tools/list') return { tools };
  if (method === 'resources/list') return { resources: [{ uri: 'test://a', name: 'a' }] };
  if (method === 'resources/templates/list') return { resourceTemplates: [] };
  return { content: [{ type: 'text', text: 'ok' }] };
}

export async function legacyFake(): Promise<FakeLegacy> {
  const http = createServer((req, res) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const body = (chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString())) as JsonObject;
      const session = req.headers['mcp-session-id'] as string | undefined;
      const request: LegacyRequest = {
        id: body['id'] as number,
        method: req.method === 'POST' ? String(body['method'] ?? 'response') : String(req.method),
        params: (body['params'] ?? body) as JsonObject,
        session,
        req,
      };
      fake.received.push(request);
      const custom = await fake.answer(request, res);
      if (res.headersSent || res.destroyed) return;
      if (req.method === 'DELETE') {
        fake.sessions.delete(session ?? '');
        return void res.writeHead(204).end();
      }
      if (req.method === 'GET') return void res.writeHead(405).end();
      const reply = (result: JsonObject, headers: Record<string, string> = {}) =>
        res
          .writeHead(200, { 'content-type': 'application/json', ...headers })
          .end(JSON.stringify({ jsonrpc: '2.0', id: request.id, result }));
      if (request.method === 'initialize') {
        const id = randomUUID();
        fake.sessions.add(id);
        fake.onSession(id);
        return void reply(
          {
            protocolVersion: fake.version,
            capabilities: { tools: {}, resources: { subscribe: true }, tasks: { list: {} } },
            serverInfo: { name: 'old-fake', version: '1' },
          },
          { 'mcp-session-id': id },
        );
      }
      if (session === undefined || !fake.sessions.has(session))
        return void res.writeHead(session === undefined ? 400 : 404).end();
      if (request.id === undefined) return void res.writeHead(202).end();
      reply(custom ?? standardResult(request.method, fake.tools(session)));
    })().catch(() => res.destroy());
  });
  const fake: FakeLegacy = {
    url: '',
    received: [],
    sessions: new Set(),
    version: '2025-11-25',
    tools: () => [tool('echo')],
    onSession: () => undefined,
    answer: () => undefined,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  fake.url = `http://127.0.0.1:${(http.address() as { port: number }).port}/mcp`;
  return fake;
}
