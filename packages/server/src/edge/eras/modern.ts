/** 2026-07-28: every message describes its sender, and its headers mirror its body. */
import type { IncomingHttpHeaders } from 'node:http';
import { GuardError, isObject } from '@sallyport/guard';
import type { ClientMessage, NotificationMessage, RequestMessage } from '../../mcp/client-message.ts';
import { HEADER } from '../../mcp/headers.ts';
import { isLogLevel } from '../../mcp/log-levels.ts';
import { META, metaOf } from '../../mcp/meta-keys.ts';
import { MODERN_VERSION, SUPPORTED_VERSIONS } from '../../mcp/revisions.ts';
import type { Sender } from './sender.ts';
import { checkMirrors, mismatch } from './mirrors.ts';

/** By the header or by the body: where they disagree, the message is refused as a modern one. */
export function isModern(message: ClientMessage, headers: IncomingHttpHeaders | undefined): boolean {
  if (message.kind === 'response') return false;
  if (headers?.[HEADER.protocolVersion] === MODERN_VERSION) return true;
  return metaOf(message.params)?.[META.protocolVersion] !== undefined;
}

/**
 * @param headers `undefined` on stdio, where there is only the body.
 * @throws GuardError `header_mismatch`, `unsupported_protocol_version` or `invalid_params`, in the order of the
 * specification.
 */
export function readModern(
  message: RequestMessage | NotificationMessage,
  headers: IncomingHttpHeaders | undefined,
): Sender {
  const meta = metaOf(message.params);
  // Notifications need no such `_meta` (schema of 2026-07-28): over HTTP their header names the version.
  const versionHeader = headers?.[HEADER.protocolVersion];
  const version = meta?.[META.protocolVersion] ?? (message.kind === 'notification' ? versionHeader : undefined);
  if (headers !== undefined) checkVersionHeader(versionHeader, version);
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
  const logLevel = meta?.[META.logLevel];
  if (logLevel !== undefined && !isLogLevel(logLevel))
    throw new GuardError('invalid_params', { message: 'The log level is not one of MCP.' });
  const clientInfo = meta?.[META.clientInfo];
  return {
    era: 'modern',
    protocolVersion: version,
    capabilities: isObject(capabilities) ? capabilities : {},
    clientInfo: isObject(clientInfo) ? clientInfo : undefined,
    logLevel,
    session: undefined,
  };
}

function checkVersionHeader(header: string | string[] | undefined, version: unknown): void {
  if (header === undefined) throw mismatch('The header MCP-Protocol-Version is missing.');
  if (version !== undefined && header !== version)
    throw mismatch('MCP-Protocol-Version does not agree with params._meta.');
}
