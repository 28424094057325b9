/** 2026-07-28: everything that a request needs is in the request, and its headers say the same as its body. */
import type { IncomingHttpHeaders } from 'node:http';
import { GuardError, isObject } from '@sallyport/guard';
import type { ClientMessage } from '../../mcp/client-message.ts';
import type { Caller } from './caller.ts';
import { checkMirrors, mismatch } from './mirrors.ts';
import { MODERN_VERSION, SUPPORTED_VERSIONS } from '../../mcp/revisions.ts';
import { isLogLevel } from '../../mcp/log-levels.ts';
import { META, metaOf } from '../../mcp/meta-keys.ts';
import { HEADER, HEADER_NAME } from '../../mcp/headers.ts';

/** By the header or by the body: where the two disagree, the request is refused as a modern one. */
export function isModern(message: ClientMessage, headers: IncomingHttpHeaders | undefined): boolean {
  if (message.kind === 'response') return false;
  return (
    headers?.[HEADER.protocolVersion] === MODERN_VERSION || metaOf(message.params)?.[META.protocolVersion] !== undefined
  );
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
  const version =
    meta?.[META.protocolVersion] ?? (message.kind === 'notification' ? headers?.[HEADER.protocolVersion] : undefined);
  if (headers !== undefined) checkVersionHeader(headers[HEADER.protocolVersion], version);
  if (typeof version !== 'string')
    throw new GuardError('invalid_params', { message: `params._meta must have "${META.protocolVersion}".` });
  if (version !== MODERN_VERSION)
    throw new GuardError('unsupported_protocol_version', {
      data: { supported: SUPPORTED_VERSIONS, requested: version.slice(0, 64) },
    });
  if (headers !== undefined) checkMirrors(message, headers, 'required');
  const capabilities = meta?.[META.clientCapabilities];
  if (message.kind === 'request' && !isObject(capabilities))
    throw new GuardError('invalid_params', { message: `params._meta must have "${META.clientCapabilities}".` });
  const level = meta?.[META.logLevel];
  if (level !== undefined && !isLogLevel(level))
    throw new GuardError('invalid_params', { message: 'The log level is not one of MCP.' });
  const info = meta?.[META.clientInfo];
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
  if (header === undefined) throw mismatch(`The header ${HEADER_NAME.protocolVersion} is missing.`);
  if (version !== undefined && header !== version)
    throw mismatch(`${HEADER_NAME.protocolVersion} does not agree with params._meta.`);
}
