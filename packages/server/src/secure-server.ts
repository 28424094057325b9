/** An MCP server with the guard around its tools: the same guard as in the gateway. */
import type { McpServerFactory } from '@modelcontextprotocol/server';
import type { Credentials, Guard } from '@sallyport/guard';
import { readAuthorization } from '@sallyport/guard/stages';
import { createMcpServer } from './mcp-server.ts';
import type { SecureServerOptions } from './options.ts';
import { createServerGuard } from './server-guard.ts';
import { definitionOf, tool } from './tool.ts';

/**
 * A server that is ready to be connected.
 *
 * @example
 * ```ts
 * const guardOf = (server: SecureServer): Guard => server.guard;
 * ```
 */
export interface SecureServer {
  /** For `createMcpHandler` (HTTP) or `serveStdio` of the MCP SDK. */
  readonly factory: McpServerFactory;
  /** Shared by all servers that the factory makes. */
  readonly guard: Guard;
}

const TIMEOUT_MS = 60_000;

/**
 * A server whose tools are reached through the guard only: authentication, tenants, roles, schemas, limits and records.
 *
 * @throws RangeError when two tools have the same name, a tool is not usable (see {@link tool}), the key is too short,
 * the time limit is out of range, or limits have no `default`.
 * @example
 * ```ts
 * const { factory } = secureServer({
 *   name: 'crm', version: '1.0.0', tools: [], tenants: ['acme'],
 *   authenticators: [createApiKeyAuthenticator(createMemoryKeys(), systemClock)],
 *   audit: createMemoryAuditLog(), hashingKey: crypto.getRandomValues(new Uint8Array(32)),
 * });
 * ```
 */
export function secureServer(options: SecureServerOptions): SecureServer {
  const { name, hashingKey, limits, timeoutMs = TIMEOUT_MS } = options;
  const tools = new Map(options.tools.map((item) => [item.name, tool(item)]));
  if (tools.size !== options.tools.length) throw new RangeError('two tools have the same name');
  if (hashingKey.length < 32) throw new RangeError('the hashing key must have at least 32 bytes');
  if (limits !== undefined && !Object.hasOwn(limits, 'default'))
    throw new RangeError('limits must have a "default" tier');
  if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) throw new RangeError('timeoutMs must be from 1 to 2^31 - 1');
  const definitions = new Map([...tools.values()].map((item) => [item.name, definitionOf(name, item)]));
  const guard = createServerGuard(options, tools, definitions);
  return {
    guard,
    factory: ({ requestInfo }) =>
      createMcpServer(options, tools, definitions, guard, timeoutMs, credentialsOf(options, requestInfo)),
  };
}

function credentialsOf({ stdioToken }: SecureServerOptions, request: Request | undefined): Credentials {
  if (request === undefined) return stdioToken === undefined ? { kind: 'none' } : { kind: 'bearer', token: stdioToken };
  const header = request.headers.get('authorization');
  return readAuthorization(header === null ? [] : [header]);
}
