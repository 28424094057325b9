/** Which members of a schema are schemas. Everything else is data: a `$ref` in an example refers to nothing. */
import type { Json, JsonObject } from '../../../call.ts';
import { isObject } from '../../../json/is-object.ts';

const ONE = [
  'additionalItems',
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
];
const LISTS = ['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems'];
const MAPS = ['dependencies', 'dependentSchemas', 'patternProperties', 'properties'];
/** They hold schemas that judge nothing until a reference points to them. */
export const DEFINITIONS: readonly string[] = ['$defs', 'definitions'];

/** The schemas that a schema holds. @param applied only those that judge values, without definitions. */
export function subschemasOf(schema: JsonObject, applied = false): readonly Json[] {
  return [
    ...ONE.flatMap((keyword) => (isObject(schema[keyword]) ? [schema[keyword]] : [])),
    ...LISTS.flatMap((keyword) => (Array.isArray(schema[keyword]) ? (schema[keyword] as readonly Json[]) : [])),
    ...(applied ? MAPS : [...MAPS, ...DEFINITIONS]).flatMap((keyword) =>
      isObject(schema[keyword]) ? Object.values(schema[keyword]) : [],
    ),
  ];
}
