/**
 * 2026-07-28 lets the output of a tool be any JSON. Earlier revisions know objects only, and their clients refuse a whole
 * list for one tool that says otherwise; the same output is in the text of the result.
 */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';

const isObjectSchema = (schema: Json | undefined): boolean =>
  schema === undefined || (isObject(schema) && schema['type'] === 'object');

/** @returns the same object when nothing had to go. */
export function withObjectOutput(tool: JsonObject): JsonObject {
  if (isObjectSchema(tool['outputSchema'])) return tool;
  const { outputSchema: _any, ...rest } = tool;
  return rest;
}

export const hasObjectOutput = ({ structuredContent }: JsonObject): boolean =>
  structuredContent === undefined || isObject(structuredContent);
