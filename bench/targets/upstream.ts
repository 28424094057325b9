/**
 * The MCP server that every measured path ends in: it answers `tools/call echo` in both eras with a text of the size
 * that the arguments ask for, as cheaply as Node can, so that what is measured is what stands before it.
 */
import { createServer } from 'node:http';

const tool = {
  name: 'echo',
  description: 'Answers with a text of the given size.',
  inputSchema: {
    type: 'object',
    properties: { text: { type: 'string' }, size: { type: 'integer', minimum: 0 } },
    required: ['text', 'size'],
    additionalProperties: false,
  },
};
const META = { _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'bench', version: '1.0.0' } } };
const CAPABILITIES = { tools: {} };
const texts = new Map<number, string>();

function textOf(size: number): string {
  let text = texts.get(size);
  if (text === undefined) texts.set(size, (text = 'x'.repeat(size)));
  return text;
}

interface Request {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: { readonly size?: number } };
}

function resultOf(request: Request, modern: boolean): unknown {
  const extra = modern ? { resultType: 'complete', ...META } : {};
  const hints = modern ? { ttlMs: 0, cacheScope: 'private' } : {};
  switch (request.method) {
    case 'tools/call':
      return { content: [{ type: 'text', text: textOf(request.params?.arguments?.size ?? 0) }], ...extra };
    case 'tools/list':
      return { tools: [tool], ...extra, ...hints };
    case 'server/discover':
      return { supportedVersions: ['2026-07-28'], capabilities: CAPABILITIES, ...extra, ...hints };
    case 'initialize':
      return {
        protocolVersion: request.params?.protocolVersion ?? '2025-11-25',
        capabilities: CAPABILITIES,
        serverInfo: { name: 'bench', version: '1.0.0' },
      };
    default:
      return undefined;
  }
}

const legacyOnly = process.argv.includes('--legacy');
const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
  if (req.method !== 'POST') return void res.writeHead(405).end();
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const request = JSON.parse(Buffer.concat(chunks).toString()) as Request;
    if (request.id === undefined) return void res.writeHead(202).end();
    const modern = req.headers['mcp-protocol-version'] === '2026-07-28';
    const result = modern && legacyOnly ? undefined : resultOf(request, modern);
    const body =
      result === undefined
        ? { jsonrpc: '2.0', id: request.id, error: { code: -32601, message: 'Method not found' } }
        : { jsonrpc: '2.0', id: request.id, result };
    const bytes = Buffer.from(JSON.stringify(body));
    const head: Record<string, string | number> = {
      'content-type': 'application/json',
      'content-length': bytes.length,
    };
    if (request.method === 'initialize') head['mcp-session-id'] = crypto.randomUUID();
    res.writeHead(result === undefined && modern ? 404 : 200, head).end(bytes);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('listening\n'));
