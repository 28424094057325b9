/** A hostile HTTP server of 2026-07-28: it sends what the test wants it to send. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { JsonObject } from '@sallyport/guard';

export interface Received {
  id: number;
  method: string;
  params: JsonObject;
  headers: IncomingHttpHeaders;
  http: string;
  raw: string;
}

export interface FakeHttp {
  url: string;
  received: Received[];
  closed: string[];
  /** Answers one request: a result, or by writing to the response itself. */
  answer: (request: Received, res: ServerResponse) => JsonObject | undefined | Promise<JsonObject | undefined>;
  tools: () => JsonObject[];
  instructions: () => string | undefined;
  close(): Promise<void>;
}

export const tool = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  description: `Does ${name}.`,
  inputSchema: { type: 'object' },
  ...more,
});

export async function fakeHttp(tools: JsonObject[] = [tool('echo')]): Promise<FakeHttp> {
  const read = async (req: IncomingMessage): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  };
  const http = createServer((req, res) => {
    void read(req)
      .then(async (raw) => {
        const body = (raw === '' ? {} : JSON.parse(raw)) as JsonObject;
        const request: Received = {
          id: body['id'] as number,
          method: String(body['method'] ?? ''),
          params: (body['params'] ?? {}) as JsonObject,
          headers: req.headers,
          http: req.method ?? '',
          raw,
        };
        fake.received.push(request);
        res.on('close', () => {
          if (!res.writableFinished) fake.closed.push(request.method);
        });
        const result =
          (await fake.answer(request, res)) ?? (res.headersSent || res.destroyed ? undefined : standard(request));
        if (result !== undefined)
          res
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ jsonrpc: '2.0', id: request.id, result }));
      })
      .catch(() => res.destroy());
  });
  const standard = ({ method }: Received): JsonObject | undefined => {
    if (method === 'server/discover') {
      const instructions = fake.instructions();
      return {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        ttlMs: 0,
        cacheScope: 'public',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fake', version: '1' } },
        ...(instructions === undefined ? {} : { instructions }),
      };
    }
    if (method === 'tools/list') return { resultType: 'complete', tools: fake.tools() };
    return { resultType: 'complete', content: [{ type: 'text', text: 'ok' }] };
  };
  const fake: FakeHttp = {
    url: '',
    received: [],
    closed: [],
    answer: () => undefined,
    tools: () => tools,
    instructions: () => undefined,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  fake.url = `http://127.0.0.1:${(http.address() as { port: number }).port}/mcp`;
  return fake;
}
