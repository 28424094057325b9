/**
 * What `conformance client` starts: a gateway whose server is the suite's mock, and a client of the SDK that uses it.
 * The suite then judges what the gateway sent. Its address is the last argument.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { openGateway } from '../e2e/gateway.ts';

const url = process.argv.at(-1) ?? '';
const revision = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] ?? '';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as {
  toolCalls?: { name: string; arguments?: Record<string, unknown> }[];
};

const gateway = await openGateway({
  servers: { mock: { url, clientRequests: { elicitation: true, sampling: true, roots: true }, verify: '10m' } },
});
const client = new Client({ name: 'driver', version: '1' }, {
  capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
  ...(revision === '2026-07-28' && { versionNegotiation: { mode: 'auto' } }),
} as never);
const handle = client.setRequestHandler.bind(client) as unknown as (
  method: string,
  handler: (request: {
    params: { requestedSchema?: { properties?: Record<string, { default?: unknown }> } };
  }) => unknown,
) => void;
handle('elicitation/create', () => ({ action: 'accept', content: {} }));
handle('sampling/createMessage', () => ({
  role: 'assistant',
  model: 'none',
  content: { type: 'text', text: 'Paris' },
}));
handle('roots/list', () => ({ roots: [] }));

/** A value that the schema of an argument accepts. */
function example(schema: { type?: string; enum?: unknown[] }): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  return { string: 'text', number: 1, integer: 1, boolean: true, array: [], object: {} }[schema.type ?? 'string'];
}

try {
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp/mock`), {
      requestInit: { headers: { authorization: `Bearer ${await gateway.token('alice')}` } },
    }),
  );
  const { tools } = await client.listTools();
  const planned =
    context.toolCalls ??
    tools.map(({ name, inputSchema }) => ({
      name,
      arguments: Object.fromEntries(
        Object.entries((inputSchema.properties ?? {}) as Record<string, { type?: string }>).map(([key, schema]) => [
          key,
          example(schema),
        ]),
      ),
    }));
  for (const call of planned)
    await client
      .callTool({ name: call.name, arguments: call.arguments ?? {} })
      .catch((error: unknown) => process.stderr.write(`${call.name}: ${String(error)}\n`));
  await client.close();
} finally {
  await gateway.close();
}
process.exit(0);
