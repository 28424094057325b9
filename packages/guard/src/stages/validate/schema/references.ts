/**
 * Where a reference points: JSON pointers, anchors, and the schemas inside the schema that have an address of their own
 * (`$id`). Nothing is ever fetched.
 */
import type { Json, JsonObject } from '../../../call.ts';
import { isObject } from '../../../json/is-object.ts';
import { subschemasOf } from './subschemas.ts';

/**
 * The schema that one of the `REFERENCES` of a schema points to.
 *
 * @param from the schema that holds the reference: relative references depend on where they stand.
 * @throws Error when the reference leaves the whole schema, points to nothing, or depends on the caller's way to it.
 */
export type ResolveReference = (keyword: string, reference: string, from: JsonObject) => Json;

/** The keywords that refer to another schema for the same value. */
export const REFERENCES: readonly string[] = ['$ref', '$dynamicRef', '$recursiveRef'];

/** @param root the whole schema. */
export function createResolver(root: Json): ResolveReference {
  let resources: Resources | undefined;
  return (keyword, reference, from) => {
    resources ??= new Resources(root);
    return resources.resolve(keyword, reference, from);
  };
}

/** The address of a schema that names none. Relative addresses need some address that they are relative to. */
const UNNAMED = 'https://schema.invalid/';

class Resources {
  readonly #root: Json;
  /** Schema → the address that references in it are relative to. */
  readonly #addressOf = new Map<JsonObject, string>();
  /** By address. */
  readonly #schemas = new Map<string, Json>();
  /** By address, `#` and name. */
  readonly #anchors = new Map<string, Json>();
  /** How often each `$dynamicAnchor` stands anywhere; `''` stands for `$recursiveAnchor`. */
  readonly #dynamicAnchors = new Map<string, number>();
  /** False while the schemas that keywords hold are collected. */
  #isComplete = false;
  /** Until draft 7 nothing beside a `$ref` counted, so that an `$id` there names nothing. */
  readonly #ignoresBesideRef: boolean;

  constructor(root: Json) {
    this.#root = root;
    const declared = isObject(root) && typeof root['$schema'] === 'string' ? root['$schema'] : '';
    this.#ignoresBesideRef = ['draft-04', 'draft-06', 'draft-07'].some((draft) => declared.includes(draft));
    this.#schemas.set(UNNAMED, root);
    this.#collect(root, UNNAMED);
    this.#isComplete = true;
  }

  resolve(keyword: string, reference: string, from: JsonObject): Json {
    const hash = reference.indexOf('#');
    const address = this.#absolute(hash === -1 ? reference : reference.slice(0, hash), from);
    const fragment = hash === -1 ? '' : decoded(reference.slice(hash + 1));
    const schema = address === undefined ? undefined : this.#schemas.get(address);
    if (schema === undefined || address === undefined || fragment === undefined)
      throw new Error(`the ${keyword} leaves the schema: ${shown(reference)}`);
    const isPointer = fragment === '' || fragment.startsWith('/');
    const target = isPointer
      ? // Authors who give names to inner schemas often mean the whole schema all the same.
        (this.#at(schema, address, fragment) ?? (hash === 0 ? this.#at(this.#root, UNNAMED, fragment) : undefined))
      : this.#anchors.get(`${address}#${fragment}`);
    if (target === undefined) throw new Error(`the ${keyword} points to nothing: ${shown(reference)}`);
    const isDynamic = keyword === '$recursiveRef' || (keyword === '$dynamicRef' && !isPointer);
    // With one anchor of the name every way to the reference ends there; with several the way would decide.
    if (isDynamic && (this.#dynamicAnchors.get(isPointer ? '' : fragment) ?? 0) > 1)
      throw new Error(`the ${keyword} may point to several schemas: ${shown(reference)}`);
    return target;
  }

  #absolute(address: string, from: JsonObject): string | undefined {
    const base = this.#addressOf.get(from) ?? UNNAMED;
    return address === '' ? base : absolute(address, base);
  }

  /** Notes the addresses and anchors of a schema and of all schemas in it. */
  #collect(schema: Json, outer: string): void {
    if (!isObject(schema) || this.#addressOf.has(schema)) return;
    const { $id, $anchor, $dynamicAnchor, $recursiveAnchor } = schema;
    const named = typeof $id === 'string' && !(this.#ignoresBesideRef && '$ref' in schema) ? $id : '';
    const [path = '', name = ''] = named.split('#', 2);
    const address = path === '' ? outer : (absolute(path, outer) ?? outer);
    this.#addressOf.set(schema, address);
    if (path !== '' && !this.#schemas.has(address)) this.#schemas.set(address, schema);
    // An `$id` of draft 7 may hold an anchor: `#name`.
    for (const anchor of [name, $anchor, $dynamicAnchor])
      if (typeof anchor === 'string' && anchor !== '') this.#anchors.set(`${address}#${anchor}`, schema);
    if (typeof $dynamicAnchor === 'string') this.#countDynamic($dynamicAnchor);
    if ($recursiveAnchor === true) this.#countDynamic('');
    for (const inner of subschemasOf(schema)) this.#collect(inner, address);
  }

  #countDynamic(name: string): void {
    const count = (this.#dynamicAnchors.get(name) ?? 0) + 1;
    // A reference to it may have been resolved already.
    if (this.#isComplete && count > 1) throw new Error('a $dynamicAnchor stands where no keyword has a schema');
    this.#dynamicAnchors.set(name, count);
  }

  #at(schema: Json, address: string, pointer: string): Json | undefined {
    let node: Json | undefined = schema;
    let around = address;
    for (const part of pointer.split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      if (node === null || typeof node !== 'object' || !Object.hasOwn(node, key)) return undefined;
      node = (node as JsonObject)[key];
      if (isObject(node)) around = this.#addressOf.get(node) ?? around;
    }
    // It may stand where no keyword has a schema (`components/schemas/…` of OpenAPI).
    if (node !== undefined && node !== this.#root) this.#collect(node, around);
    return node;
  }
}

const shown = (reference: string): string => JSON.stringify(reference.slice(0, 100));

/**
 * B4: thousands of references may be relative to one address, and names that begin with a long one are as long: the
 * engine finds no text above 16,383 characters by its hash.
 */
const ADDRESS_CHARACTERS_MAX = 1_000;

function absolute(address: string, base: string): string | undefined {
  const isTooLong = address.length > ADDRESS_CHARACTERS_MAX;
  const href = isTooLong ? undefined : URL.parse(address, base)?.href;
  if (isTooLong || (href !== undefined && href.length > ADDRESS_CHARACTERS_MAX))
    throw new Error(`an address in the schema is longer than ${ADDRESS_CHARACTERS_MAX} characters`);
  return href;
}

function decoded(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}
