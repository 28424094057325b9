/** The members that MCP requires of a definition. Clients refuse a whole list because of one that lacks them. */
import { isObject, type DefinitionKind, type Json, type JsonObject } from '@sallyport/guard';

const isText = (value: Json | undefined): boolean => value === undefined || typeof value === 'string';
const isMap = (value: Json | undefined): boolean => value === undefined || isObject(value);
const isListOf = (value: Json | undefined, member: string): boolean =>
  value === undefined ||
  (Array.isArray(value) &&
    (value as readonly Json[]).every((item) => isObject(item) && typeof item[member] === 'string'));

const HAS_SHAPE: Readonly<Record<DefinitionKind, (document: JsonObject) => boolean>> = {
  tool: ({ inputSchema, outputSchema, annotations, execution }) =>
    isObject(inputSchema) &&
    inputSchema['type'] === 'object' &&
    isMap(inputSchema['properties']) &&
    isMap(outputSchema) &&
    isMap(annotations) &&
    isMap(execution),
  prompt: (document) => isListOf(document['arguments'], 'name'),
  resource: ({ name, mimeType, annotations }) => typeof name === 'string' && isText(mimeType) && isMap(annotations),
  resource_template: ({ name, mimeType, annotations }) =>
    typeof name === 'string' && isText(mimeType) && isMap(annotations),
  server: () => true,
};

/** Why a definition cannot be served; `undefined` when it can. */
export function shapeFault(kind: DefinitionKind, document: JsonObject): string | undefined {
  const { title, description, icons, _meta } = document;
  return isText(title) && isText(description) && isListOf(icons, 'src') && isMap(_meta) && HAS_SHAPE[kind](document)
    ? undefined
    : 'not shaped as the schema of MCP says';
}
