/** What a definition says of the request behind it. */
import { jsonDigest, type JsonObject } from '@sallyport/guard';
import type { RestTool } from './binding.ts';

const OPERATION = 'sallyport.dev/operation';

/**
 * `_meta` of the tool's definition. A pin covers it: a document that sends the same arguments elsewhere, in another
 * place or with another credential is drift, whatever it says of the tool.
 *
 * @example
 * ```ts
 * const document = { ...definition, _meta: operationMeta(tool) };
 * ```
 */
export function operationMeta({ operation }: RestTool): JsonObject {
  const digest = jsonDigest(JSON.parse(JSON.stringify(operation)) as JsonObject);
  return { [OPERATION]: { request: `${operation.method} ${operation.template}`, digest } };
}
