/**
 * Schemas of OpenAPI 3.0, 3.1 and 3.2 as JSON Schema 2020-12, for arguments or for answers. What is referred to becomes
 * a definition of its own, so that circles stay finite. `readOnly` members are no arguments, `writeOnly` no answers.
 */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import { closesObject } from './closes-object.ts';
import { DocumentError } from './document-error.ts';
import type { OpenApiDocument } from './read-document.ts';
import { objectAt, resolveReference } from './references.ts';
import {
  INNER_SCHEMAS,
  INPUT_KEYWORDS,
  orNull,
  OUTPUT_KEYWORDS,
  SAME_VALUE_SCHEMAS,
  withNumericBounds,
} from './schema-keywords.ts';

/** For whom a schema is converted, and how far. */
export interface Conversion {
  readonly document: OpenApiDocument;
  readonly direction: 'input' | 'output';
  /** Values inside values beyond this are not described. */
  readonly depthMax: number;
  /** Whether descriptions are copied. */
  readonly isDescribed: boolean;
  /** Gets what was left out, in a sentence. */
  readonly note: (finding: string) => void;
}

/** A schema has too many parts; with less depth it may have fewer. */
export class TooManySchemas extends Error {}

interface Definition {
  readonly name: string;
  readonly target: Json;
  readonly depth: number;
  readonly at: readonly string[];
}

/** Converts schemas that share their definitions. */
export interface SchemaConverter {
  /** The schema of one value. @throws DocumentError for references that lead nowhere or out of the document. */
  convert(schema: Json | undefined, at: readonly string[]): Json;
  /** The same with the first reference followed, so that its members are seen. */
  convertInPlace(schema: Json | undefined, at: readonly string[]): Json;
  /** Everything that the converted schemas refer to. */
  definitions(): Record<string, Json>;
}

/** @returns a converter without definitions. */
export function createSchemaConverter(conversion: Conversion): SchemaConverter {
  const walk = new SchemaWalk(conversion);
  return {
    convert: (schema, at) => walk.valueOf(schema, 0, at),
    convertInPlace: (schema, at) => walk.valueOf(followed(conversion.document, schema, at), 0, at),
    definitions: () => walk.definitions(),
  };
}

function followed(
  { root, version }: OpenApiDocument,
  schema: Json | undefined,
  at: readonly string[],
): Json | undefined {
  if (!isObject(schema) || typeof schema['$ref'] !== 'string') return schema;
  const { $ref: _reference, ...beside } = schema;
  const target = objectAt(root, schema, at);
  return version === '3.0' || Object.keys(beside).length === 0 ? target : { ...target, ...beside };
}

/** Schemas inside a schema; one with more would be too long for a model. */
const SCHEMAS_MAX = 2_000;

/** One conversion under way: the references that were met, the definitions that were made of them. */
class SchemaWalk {
  readonly #conversion: Conversion;
  readonly #known = new Map<string, Definition>();
  readonly #names = new Set<string>();
  readonly #waiting: Definition[] = [];
  #made = 0;

  constructor(conversion: Conversion) {
    this.#conversion = conversion;
  }

  /** Breadth first, so that what is met near the top is described before what is deep. */
  definitions(): Record<string, Json> {
    const made: Record<string, Json> = {};
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      made[next.name] = this.#schemaOf(next.target, next.depth, next.at, new Set());
    return made;
  }

  /** The schema of a value: an object has no members but those that are described. */
  valueOf(schema: Json | undefined, depth: number, at: readonly string[]): Json {
    const { document, direction } = this.#conversion;
    const converted = this.#schemaOf(schema, depth, at, new Set());
    if (direction === 'output' || !isObject(converted) || !closesObject(document, schema, at)) return converted;
    const isPlain = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if'].every((keyword) => converted[keyword] === undefined);
    return { ...converted, [isPlain ? 'additionalProperties' : 'unevaluatedProperties']: false };
  }

  #schemaOf(schema: Json | undefined, depth: number, at: readonly string[], hidden: ReadonlySet<string>): Json {
    if (typeof schema === 'boolean') return schema;
    if (!isObject(schema)) return {};
    if (depth > this.#conversion.depthMax) {
      this.#conversion.note(`values that are nested deeper than ${this.#conversion.depthMax} are not described`);
      return {};
    }
    const { version } = this.#conversion.document;
    if (typeof schema['$ref'] === 'string') {
      const reference = { $ref: `#/$defs/${this.#nameOf(schema['$ref'], depth, at)}` };
      if (version === '3.0') return reference;
      const { $ref: _reference, ...beside } = schema;
      const converted = asObject(this.#keywordsOf(beside, depth, at, hidden));
      return { ...reference, ...converted };
    }
    const converted = this.#keywordsOf(schema, depth, at, hidden);
    return schema['nullable'] === true && version === '3.0' ? orNull(converted) : converted;
  }

  #nameOf(reference: string, depth: number, at: readonly string[]): string {
    const known = this.#known.get(reference);
    if (known !== undefined) return known.name;
    const target = resolveReference(this.#conversion.document.root, reference, at);
    const base = (reference.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9_]/g, '_').slice(-60) || 'Value';
    let name = base;
    for (let count = 2; this.#names.has(name); count++) name = `${base}_${count}`;
    const definition = { name, target, depth, at: reference.slice(2).split('/') };
    this.#names.add(name);
    this.#known.set(reference, definition);
    this.#waiting.push(definition);
    return name;
  }

  #keywordsOf(written: JsonObject, depth: number, at: readonly string[], hiddenAround: ReadonlySet<string>): Json {
    const { document, direction } = this.#conversion;
    this.#made += 1;
    if (this.#made > SCHEMAS_MAX) throw new TooManySchemas();
    const schema = withNumericBounds(written);
    const converted: Record<string, Json> = {};
    const hidden = new Set([...hiddenAround, ...this.#hiddenMembers(schema, at)]);
    this.#copyKeywords(schema, converted, hidden);
    for (const keyword of INNER_SCHEMAS[direction]) {
      const inner = schema[keyword];
      if (inner === false && direction === 'output') continue;
      if (isObject(inner) || typeof inner === 'boolean') converted[keyword] = this.valueOf(inner, depth + 1, at);
    }
    for (const keyword of SAME_VALUE_SCHEMAS[direction])
      if (isObject(schema[keyword])) converted[keyword] = this.#schemaOf(schema[keyword], depth, at, hidden);
    if (Array.isArray(schema['prefixItems']))
      converted['prefixItems'] = schema['prefixItems'].map((item: Json) => this.valueOf(item, depth + 1, at));
    this.#combine(schema, converted, depth, at, hidden);
    const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : [];
    if (properties.length > 0)
      converted['properties'] = Object.fromEntries(
        properties
          .filter(([name]) => !hidden.has(name))
          .map(([name, inner]) => [name, this.valueOf(inner, depth + 1, [...at, 'properties', name])]),
      );
    const isOpen = schema['additionalProperties'] === true || isObject(schema['additionalProperties']);
    if (direction === 'input' && isOpen && hidden.size > 0)
      converted['not'] = { anyOf: [...hidden].map((name) => ({ required: [name] })) };
    if (document.version === '3.0' && typeof schema['type'] !== 'string' && converted['properties'] !== undefined)
      converted['type'] ??= 'object';
    return converted;
  }

  #copyKeywords(schema: JsonObject, converted: Record<string, Json>, hidden: ReadonlySet<string>): void {
    const keywords = this.#conversion.direction === 'input' ? INPUT_KEYWORDS : OUTPUT_KEYWORDS;
    for (const [keyword, read] of Object.entries(keywords)) {
      const value = schema[keyword];
      if (value === undefined || (keyword === 'description' && !this.#conversion.isDescribed)) continue;
      const copied = read(value);
      if (copied !== undefined) converted[keyword] = copied;
      else if (keyword === 'pattern') this.#conversion.note('a pattern that needs backtracking is not checked');
    }
    // Integers that a double cannot hold arrive as text.
    if (this.#conversion.direction === 'output' && schema['format'] === 'int64' && converted['type'] === 'integer')
      converted['type'] = ['integer', 'string'];
    if (Array.isArray(converted['required'])) {
      const required = (converted['required'] as readonly string[]).filter((name) => !hidden.has(name));
      if (required.length > 0) converted['required'] = required;
      else delete converted['required'];
    }
  }

  #combine(
    schema: JsonObject,
    converted: Record<string, Json>,
    depth: number,
    at: readonly string[],
    hidden: ReadonlySet<string>,
  ): void {
    const isOutput = this.#conversion.direction === 'output';
    for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
      const branches = schema[keyword];
      if (!Array.isArray(branches) || branches.length === 0) continue;
      const ofKind = discriminatedBy(schema, keyword);
      const list = (branches as readonly Json[]).map((branch) => {
        const inner = this.#schemaOf(branch, depth, at, hidden);
        const kind = ofKind?.(branch);
        return kind === undefined ? inner : { allOf: [inner, kind] };
      });
      // Answers often match several branches of which only one should.
      const kept = isOutput && keyword === 'oneOf' ? 'anyOf' : keyword;
      converted[kept] = kept === 'anyOf' && converted['anyOf'] !== undefined ? converted['anyOf'] : list;
    }
  }

  /** Members of this schema and of the schemas that it is composed of which this direction does not have. */
  #hiddenMembers(schema: JsonObject, at: readonly string[]): readonly string[] {
    const { document, direction } = this.#conversion;
    const flag = direction === 'input' ? 'readOnly' : 'writeOnly';
    const own = Object.entries(asObject(schema['properties'])).filter(([, member]) =>
      isMarked(document, member, flag, at),
    );
    const parts = Array.isArray(schema['allOf']) ? (schema['allOf'] as readonly Json[]) : [];
    const composed = parts.flatMap((part) => {
      const target = isObject(part) && typeof part['$ref'] !== 'string' ? part : undefined;
      return target === undefined ? [] : this.#hiddenMembers(target, at);
    });
    return [...own.map(([name]) => name), ...composed];
  }
}

/** Whether a member is `readOnly` or `writeOnly`, itself or in what it refers to. */
function isMarked({ root }: OpenApiDocument, member: Json, flag: string, at: readonly string[]): boolean {
  if (!isObject(member)) return false;
  if (member[flag] === true) return true;
  return typeof member['$ref'] === 'string' && objectAt(root, member, at)[flag] === true;
}

/** What the discriminator says of a branch: the name that its member must have. */
function discriminatedBy(schema: JsonObject, keyword: string): ((branch: Json) => Json | undefined) | undefined {
  const { propertyName, mapping } = asObject(schema['discriminator']);
  if (keyword === 'allOf' || typeof propertyName !== 'string') return undefined;
  const mapped = Object.entries(asObject(mapping));
  return (branch) => {
    const reference = asObject(branch)['$ref'];
    if (typeof reference !== 'string') return undefined;
    const bare = reference.split('/').at(-1) ?? '';
    const values = mapped.filter(([, target]) => target === reference || target === bare).map(([name]) => name);
    return { required: [propertyName], properties: { [propertyName]: { enum: values.length > 0 ? values : [bare] } } };
  };
}

/** A schema with everything that it refers to; the definitions stand under `$defs`. */
export function withDefinitions(schema: JsonObject, definitions: Readonly<Record<string, Json>>): JsonObject {
  return Object.keys(definitions).length === 0 ? schema : { ...schema, $defs: definitions };
}

/** @throws DocumentError unless the place holds a schema. */
export function requireSchema(schema: Json | undefined, at: readonly string[]): Json {
  if (isObject(schema) || typeof schema === 'boolean') return schema;
  throw new DocumentError('has no schema', at);
}
