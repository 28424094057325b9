/** The `_meta` with which the gateway introduces itself on every request of 2026-07-28. */
import type { JsonObject } from '@sallyport/guard';
import { CLIENT_INFO, MODERN } from '../deps.ts';

export function modernMeta(capabilities: JsonObject): JsonObject {
  return {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': capabilities,
    'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
  };
}
