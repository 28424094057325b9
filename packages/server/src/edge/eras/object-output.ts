/**
 * Since 2026-07-28 the output of a tool may be any JSON. Earlier revisions know only objects, and their clients refuse
 * a whole list because of one tool with another output. They find the same output in the text of the result.
 */
import { isObject, type JsonObject } from '@sallyport/guard';

/** The tool without an `outputSchema` that is not for objects. @returns the same object when it has none. */
export function withObjectOutput(tool: JsonObject): JsonObject {
  const { outputSchema, ...others } = tool;
  if (outputSchema === undefined || (isObject(outputSchema) && outputSchema['type'] === 'object')) return tool;
  return others;
}

/** True for a result whose structured content every revision can carry. */
export const hasObjectOutput = ({ structuredContent }: JsonObject): boolean =>
  structuredContent === undefined || isObject(structuredContent);
