/** The `_meta` with which the gateway introduces itself on every request of 2026-07-28. */
import type { JsonObject } from '@sallyport/guard';
import { CLIENT_INFO } from '@sallyport/server/mcp/implementation';
import { requestMeta } from '@sallyport/server/mcp/meta-keys';
import { MODERN_VERSION } from '@sallyport/server/mcp/revisions';

/** @param capabilities what the gateway declares in the name of the client. */
export const modernMeta = (capabilities: JsonObject): JsonObject =>
  requestMeta(MODERN_VERSION, capabilities, CLIENT_INFO);
