/** A REST operation as the definition of a tool. */
import { jsonDigest, type JsonObject } from '@sallyport/guard';
import type { RestTool } from '@sallyport/server/openapi';

const OPERATION = 'sallyport.dev/operation';

const documents = new WeakMap<RestTool, JsonObject>();

/**
 * The pin covers the request, too: a document that sends the same arguments elsewhere, in another place or with another
 * credential is drift, whatever it says of the tool.
 */
export function definitionOf(tool: RestTool): JsonObject {
  const known = documents.get(tool);
  if (known !== undefined) return known;
  const { name, title, description, inputSchema, outputSchema, annotations, operation } = tool;
  const digest = jsonDigest(JSON.parse(JSON.stringify(operation)) as JsonObject);
  const document: JsonObject = {
    name,
    ...(title !== undefined && { title }),
    description,
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    annotations,
    _meta: { [OPERATION]: { request: `${operation.method} ${operation.template}`, digest } },
  };
  documents.set(tool, document);
  return document;
}
