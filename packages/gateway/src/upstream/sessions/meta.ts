/** The `_meta` with which the gateway introduces itself on every request of 2026-07-28. */
import type { JsonObject } from '@sallyport/guard';
import { CLIENT_INFO } from '../deps.ts';
import { MODERN_VERSION } from '../../mcp/revisions.ts';

export function modernMeta(capabilities: JsonObject): JsonObject {
  return {
    'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
    'io.modelcontextprotocol/clientCapabilities': capabilities,
    'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
  };
}
