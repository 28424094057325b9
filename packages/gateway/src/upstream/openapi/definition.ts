/** A REST operation as the definition of a tool. */
import type { JsonObject } from '@sallyport/guard';
import { operationMeta, type RestTool } from '@sallyport/server/openapi';

const documents = new WeakMap<RestTool, JsonObject>();

/** With the request in its `_meta`, so that the pin covers what is sent where. */
export function definitionOf(tool: RestTool): JsonObject {
  const known = documents.get(tool);
  if (known !== undefined) return known;
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  const document: JsonObject = {
    name,
    ...(title !== undefined && { title }),
    description,
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    annotations,
    _meta: operationMeta(tool),
  };
  documents.set(tool, document);
  return document;
}
