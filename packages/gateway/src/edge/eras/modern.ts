/** 2026-07-28: everything that a request needs is in the request, and its headers say the same as its body. */
import type { IncomingHttpHeaders } from 'node:http';
import { GuardError, isObject, type JsonObject } from '@sallyport/guard';
import type { ClientMessage } from '../../mcp/client-message.ts';
import type { Caller } from './caller.ts';
import { checkMirrors, mismatch } from './mirrors.ts';
import { MODERN_VERSION, SUPPORTED_VERSIONS } from '../../mcp/revisions.ts';
import { isLogLevel } from '../../mcp/log-levels.ts';

/** Written out, because a key that is put together for each request has to be looked up anew each time. */
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';

export const metaOf = (params: JsonObject): JsonObject | undefined =>
  isObject(params['_meta']) ? params['_meta'] : undefined;

/** By the header or by the body: where the two disagree, the request is refused as a modern one. */
export function isModern(message: ClientMessage, headers: IncomingHttpHeaders | undefined): boolean {
  if (message.kind === 'response') return false;
  return headers?.['mcp-protocol-version'] === MODERN_VERSION || metaOf(message.params)?.[VERSION] !== undefined;
}

/**
 * @param headers `undefined` on stdio, where the body is all there is.
 * @throws GuardError `header_mismatch`, `unsupported_protocol_version` or `invalid_params`, in the order of the specification.
 */
export function readModern(
  message: Exclude<ClientMessage, { kind: 'response' }>,
  headers: IncomingHttpHeaders | undefined,
): Caller {
  const meta = metaOf(message.params);
  // Notifications have no `_meta` of requests (schema of 2026-07-28): over HTTP their header says the version.
  const version = meta?.[VERSION] ?? (message.kind === 'notification' ? headers?.['mcp-protocol-version'] : undefined);
  if (headers !== undefined) checkVersionHeader(headers['mcp-protocol-version'], version);
  if (typeof version !== 'string')
    throw new GuardError('invalid_params', { message: `params._meta must have "${VERSION}".` });
  if (version !== MODERN_VERSION)
    throw new GuardError('unsupported_protocol_version', {
      data: { supported: SUPPORTED_VERSIONS, requested: version.slice(0, 64) },
    });
  if (headers !== undefined) checkMirrors(message, headers, 'required');
  const capabilities = meta?.[CAPABILITIES];
  if (message.kind === 'request' && !isObject(capabilities))
    throw new GuardError('invalid_params', { message: `params._meta must have "${CAPABILITIES}".` });
  const level = meta?.[LOG_LEVEL];
  if (level !== undefined && !isLogLevel(level))
    throw new GuardError('invalid_params', { message: 'The log level is not one of MCP.' });
  const info = meta?.[CLIENT_INFO];
  return {
    era: 'modern',
    protocolVersion: version,
    capabilities: isObject(capabilities) ? capabilities : {},
    clientInfo: isObject(info) ? info : undefined,
    logLevel: level,
    session: undefined,
  };
}

function checkVersionHeader(header: string | string[] | undefined, version: unknown): void {
  if (header === undefined) throw mismatch('The header MCP-Protocol-Version is missing.');
  if (version !== undefined && header !== version)
    throw mismatch('MCP-Protocol-Version does not agree with params._meta.');
}
