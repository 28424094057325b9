/**
 * REST interfaces as servers: their definitions come from a document that the operator chose, and a permitted call
 * becomes one request. Behind the same guard, pins, limits and sessions as servers of MCP.
 */
import { MODERN_VERSION } from '@sallyport/server/mcp/revisions';
import type { ServerSettings } from '../../snapshot.ts';
import { transportFailure } from '../transports/failure.ts';
import type { TransportKind } from '../transports/transport-kind.ts';
import type { Connection, OutboundRequest, ServerResult } from '../transports/transport.ts';
import { rpcFailure } from '../transports/failure.ts';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { callOperation } from './call.ts';
import { definitionOf } from './definition.ts';
import { openRestPool, type RestPool } from './pool.ts';

/** Servers that are described by an OpenAPI document. */
export const openapiTransport: TransportKind = {
  openEndpoint(settings) {
    const pool = openRestPool(settings);
    return {
      connect: async () => {
        await pool.reach();
        return connectionOf(settings, pool);
      },
      close: () => pool.close(),
    };
  },
  restart: 'at once',
  // A request carries the credential of the operator alone, and nothing is remembered between two of them.
  sharedEras: new Set(['modern']),
};

function connectionOf(settings: ServerSettings, pool: RestPool): Connection {
  const { transport } = settings;
  if (transport.kind !== 'openapi') throw transportFailure('the server has no document');
  const { title, version } = transport;
  return {
    era: 'modern',
    version: MODERN_VERSION,
    profile: {
      serverInfo: { name: settings.name, title, version },
      capabilities: { tools: {} },
      instructions: undefined,
    },
    carriesServerRequests: false,
    request: (request) => answer(settings, pool, request),
    notify: () => Promise.resolve(),
    isClosed: () => false,
    close: () => Promise.resolve(),
  };
}

async function answer(settings: ServerSettings, pool: RestPool, request: OutboundRequest): Promise<ServerResult> {
  const { transport } = settings;
  const tools = transport.kind === 'openapi' ? transport.tools : [];
  if (request.method === 'tools/list') {
    const value = { tools: tools.map(definitionOf) };
    return { value, bytes: undefined, receivedBytes: Buffer.byteLength(JSON.stringify(value)) };
  }
  const name = request.params['name'];
  const tool = request.method === 'tools/call' ? tools.find((candidate) => candidate.name === name) : undefined;
  if (tool === undefined) throw rpcFailure(RPC_ERROR.methodNotFound, 'no such method or tool', undefined);
  return callOperation(settings, pool, tool, request);
}
