import { isObject, type Json, type JsonObject } from '@sallyport/guard';

/** Keywords with a map of schemas, and keywords with a list of them. */
const MAPS = ['properties', 'patternProperties', '$defs', 'definitions'];
const ALTERNATIVES = ['oneOf', 'anyOf'];
const SINGLE = ['items', 'contains', 'additionalProperties'];

/**
 * The same schema, in which an object has no members but those that it declares (J9). Parts that describe the same
 * object as the schema around them stay open: they know only some of its members, so what is around them is closed.
 */
export function closeObjects(schema: JsonObject): JsonObject {
  const closed: Record<string, Json> = { ...schema };
  for (const keyword of MAPS) {
    const map = schema[keyword];
    if (isObject(map))
      closed[keyword] = Object.fromEntries(Object.entries(map).map(([name, part]) => [name, close(part)]));
  }
  for (const keyword of declaresMembers(schema) ? ['prefixItems'] : [...ALTERNATIVES, 'prefixItems']) {
    const list = schema[keyword];
    if (Array.isArray(list)) closed[keyword] = (list as readonly Json[]).map(close);
  }
  for (const keyword of SINGLE) {
    const part = schema[keyword];
    if (part !== undefined) closed[keyword] = close(part);
  }
  if (!declaresMembers(schema) || 'additionalProperties' in schema || 'unevaluatedProperties' in schema) return closed;
  const isCombined = ['allOf', 'oneOf', 'anyOf', '$ref', 'if'].some((keyword) => keyword in schema);
  return { ...closed, [isCombined ? 'unevaluatedProperties' : 'additionalProperties']: false };
}

const close = (part: Json): Json => (isObject(part) ? closeObjects(part) : part);

const declaresMembers = (schema: JsonObject): boolean =>
  isObject(schema['properties']) || (schema['type'] === 'object' && 'allOf' in schema);
