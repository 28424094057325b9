/** 2026-07-28: everything that a request needs is in the request, and its headers say the same as its body. */
import type { IncomingHttpHeaders } from 'node:http';
import { GuardError, type JsonObject } from '@sallyport/guard';
import { isObject, type Message } from '../envelope.ts';
import type { Caller } from './caller.ts';
import { decodeSentinel } from './sentinel.ts';
import { LEGACY_VERSIONS, MODERN_VERSION, SUPPORTED_VERSIONS } from './versions.ts';

const PREFIX = 'io.modelcontextprotocol/';
const META_BYTES_MAX = 16 * 1024;
/** Keys under the reserved prefix that a client may send; everything else there is dropped (J15). */
const CLIENT_KEYS = new Set(['protocolVersion', 'clientCapabilities', 'clientInfo', 'logLevel', 'related-task']);
const LEVELS = new Set(['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']);

export const metaOf = (params: JsonObject): JsonObject | undefined => (isObject(params['_meta']) ? params['_meta'] : undefined);

export function isModern(message: Message, headers: IncomingHttpHeaders | undefined): boolean {
  if (message.kind === 'response') return false;
  const version = headers?.['mcp-protocol-version'];
  return version === MODERN_VERSION || (metaOf(message.params)?.[`${PREFIX}protocolVersion`] !== undefined && !LEGACY_VERSIONS.includes(String(version)));
}

/**
 * @param headers `undefined` on stdio, where the body is all there is.
 * @throws GuardError `header_mismatch`, `unsupported_protocol_version` or `invalid_params`, in the order of the specification.
 */
export function readModern(message: Exclude<Message, { kind: 'response' }>, headers: IncomingHttpHeaders | undefined): Caller {
  const meta = metaOf(message.params);
  const version = meta?.[`${PREFIX}protocolVersion`];
  if (headers !== undefined) checkVersionHeader(headers['mcp-protocol-version'], version);
  if (typeof version !== 'string') throw new GuardError('invalid_params', { message: `params._meta must have "${PREFIX}protocolVersion".` });
  if (version !== MODERN_VERSION) throw new GuardError('unsupported_protocol_version', { data: { supported: SUPPORTED_VERSIONS, requested: version.slice(0, 64) } });
  if (headers !== undefined) checkMirrors(message, headers);
  const capabilities = meta?.[`${PREFIX}clientCapabilities`];
  if (message.kind === 'request' && !isObject(capabilities)) throw new GuardError('invalid_params', { message: `params._meta must have "${PREFIX}clientCapabilities".` });
  if (JSON.stringify(meta).length > META_BYTES_MAX) throw new GuardError('invalid_params', { message: 'params._meta is too large.' });
  const level = meta?.[`${PREFIX}logLevel`];
  if (level !== undefined && !LEVELS.has(String(level))) throw new GuardError('invalid_params', { message: 'The log level is not one of MCP.' });
  const info = meta?.[`${PREFIX}clientInfo`];
  return {
    era: 'modern', protocolVersion: version, capabilities: isObject(capabilities) ? capabilities : {}, clientInfo: isObject(info) ? info : undefined,
    logLevel: level as string | undefined, session: undefined,
  };
}

const mismatch = (message: string): GuardError => new GuardError('header_mismatch', { message });

function checkVersionHeader(header: string | string[] | undefined, version: unknown): void {
  if (header === undefined) throw mismatch('The header MCP-Protocol-Version is missing.');
  if (version !== undefined && header !== version) throw mismatch('MCP-Protocol-Version does not agree with params._meta.');
}

const NAMED: Readonly<Record<string, string>> = {
  'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri', 'tasks/get': 'taskId', 'tasks/update': 'taskId', 'tasks/cancel': 'taskId',
};

/** A16, H6: whoever routes by headers and whoever routes by body must see the same request. */
function checkMirrors({ method, params }: { readonly method: string; readonly params: JsonObject }, headers: IncomingHttpHeaders): void {
  if (headers['mcp-method'] === undefined) throw mismatch('The header Mcp-Method is missing.');
  if (headers['mcp-method'] !== method) throw mismatch('Mcp-Method does not agree with the method of the body.');
  const member = NAMED[method];
  if (member === undefined) return;
  const header = headers['mcp-name'];
  if (typeof header !== 'string') throw mismatch('The header Mcp-Name is missing.');
  if (decodeSentinel(header) !== params[member]) throw mismatch(`Mcp-Name does not agree with params.${member} of the body.`);
}

/** `_meta` as it goes on: without keys that only the protocol or the gateway may write. */
export function cleanMeta(params: JsonObject): JsonObject {
  const meta = metaOf(params);
  if (meta === undefined || !Object.keys(meta).some((key) => key.startsWith(PREFIX) && !CLIENT_KEYS.has(key.slice(PREFIX.length)))) return params;
  return { ...params, _meta: Object.fromEntries(Object.entries(meta).filter(([key]) => !key.startsWith(PREFIX) || CLIENT_KEYS.has(key.slice(PREFIX.length)))) };
}
