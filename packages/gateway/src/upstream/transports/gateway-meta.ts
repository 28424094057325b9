/** The `_meta` with which the gateway introduces itself on every request of 2026-07-28. */
import type { JsonObject } from '@sallyport/guard';
import { CLIENT_INFO } from '../deps.ts';
import { MODERN_VERSION } from '../../mcp/revisions.ts';
import { requestMeta } from '../../mcp/meta-keys.ts';

export const modernMeta = (capabilities: JsonObject): JsonObject =>
  requestMeta(MODERN_VERSION, capabilities, CLIENT_INFO);
