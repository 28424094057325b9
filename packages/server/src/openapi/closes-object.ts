/**
 * Whether an object of a body may have only the members that the document describes. A member that nobody described is
 * how a caller would set what the interface assigns by itself.
 */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { OpenApiDocument } from './read-document.ts';
import { objectAt } from './references.ts';

/** True for an object with described members, unless the document says that it may have others. */
export function closesObject(document: OpenApiDocument, schema: Json | undefined, at: readonly string[]): boolean {
  const parts = partsOf(document, schema, at, new Set());
  const isDescribed = parts.some((part) => Object.keys(asObject(part['properties'])).length > 0);
  return isDescribed && !parts.some(saysOtherwise);
}

const saysOtherwise = (part: JsonObject): boolean =>
  ['additionalProperties', 'unevaluatedProperties', 'patternProperties'].some((keyword) => part[keyword] !== undefined);

/** The schema and all that it is composed of, each once. */
function partsOf(
  document: OpenApiDocument,
  schema: Json | undefined,
  at: readonly string[],
  seen: Set<JsonObject>,
): readonly JsonObject[] {
  if (!isObject(schema)) return [];
  const target = objectAt(document.root, schema, at);
  if (seen.has(target)) return [];
  seen.add(target);
  const branches = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword): readonly Json[] => {
    const list = target[keyword];
    return Array.isArray(list) ? (list as readonly Json[]) : [];
  });
  return [schema, target, ...branches.flatMap((branch) => partsOf(document, branch, at, seen))];
}
