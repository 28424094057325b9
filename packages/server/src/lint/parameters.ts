import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { LintedDefinition } from './rule.ts';

/** One schema inside the input schema of a tool. */
export interface Parameter {
  /** JSON Pointer into the definition. */
  readonly at: string;
  /** The name of the property; empty for an element of a list, and for one of several schemas. */
  readonly name: string;
  readonly schema: JsonObject;
}

const PARAMETERS_MAX = 2_000;
const ALTERNATIVES = ['anyOf', 'oneOf', 'allOf'] as const;

/** Every parameter of a tool, those inside of others included, from the outside to the inside. */
export function parametersOf({ kind, document }: LintedDefinition): readonly Parameter[] {
  const input = document['inputSchema'];
  if (kind !== 'tool' || !isObject(input)) return [];
  const found: Parameter[] = [];
  const queue: { readonly at: string; readonly schema: JsonObject }[] = [{ at: '/inputSchema', schema: input }];
  for (let next = queue.shift(); next !== undefined && found.length < PARAMETERS_MAX; next = queue.shift()) {
    for (const parameter of inside(next.at, next.schema)) {
      found.push(parameter);
      queue.push(parameter);
    }
  }
  return found;
}

function inside(at: string, schema: JsonObject): Parameter[] {
  const { properties, items } = schema;
  const named = Object.entries(isObject(properties) ? properties : {}).flatMap(([name, part]) =>
    isObject(part) ? [{ at: `${at}/properties/${escaped(name)}`, name, schema: part }] : [],
  );
  const elements = isObject(items) ? [{ at: `${at}/items`, name: '', schema: items }] : [];
  const alternatives = ALTERNATIVES.flatMap((keyword) =>
    listOf(schema[keyword]).flatMap((part, index) =>
      isObject(part) ? [{ at: `${at}/${keyword}/${index}`, name: '', schema: part }] : [],
    ),
  );
  return [...named, ...elements, ...alternatives];
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** Whether a schema is of a type, alone or beside others. */
export const isOfType = ({ type }: JsonObject, ...types: readonly string[]): boolean =>
  (Array.isArray(type) ? type : [type]).some((each) => types.includes(String(each)));

/** Whether a schema names its values. */
export const isChoice = (schema: JsonObject): boolean => 'enum' in schema || 'const' in schema || '$ref' in schema;
