/**
 * How a record shows arguments: by default as a keyed hash with type and size, so that an auditor who has a value can
 * find it and nobody else learns it; in clear only where the operator lists the path. Names that the schema does not
 * declare are text of the caller, so they are hashed with their values.
 */
import { hmacSha256, type Hmac } from './hmac.ts';
import type { Definition, Json, JsonObject } from '../call.ts';
import { canonicalize } from '../json/canonical.ts';
import { asObject } from '../json/is-object.ts';

/**
 * Hides foreign text in records.
 *
 * @example
 * ```ts
 * const nameOf = (redactor: Redactor, tenant: Tenant, name: string): string => redactor.text(tenant.id, name);
 * ```
 */
export interface Redactor {
  /** Each argument in clear or as `{ bytes, hash, type }`; undeclared ones together under `*`. */
  arguments(tenant: string, definition: Definition | undefined, input: JsonObject): JsonObject;
  /** `hmac:` and 32 hex digits of a text under the tenant's key. */
  text(tenant: string, value: string): string;
}

/** What the redactor reads: keys per tenant, and the arguments that may be recorded in clear. */
export interface RedactDeps {
  /** The tenant's HMAC key, 32 bytes. */
  readonly keyOf: (tenant: string) => Uint8Array;
  /** Paths `server/tool/field` that are recorded in clear now; `*` stands for one segment. */
  readonly clear: () => readonly string[];
}

/**
 * A redactor with a key per tenant.
 *
 * @example
 * ```ts
 * const key = new Uint8Array(32).fill(1);
 * const redactor = createRedactor({ keyOf: () => key, clear: () => ['crm/search/query'] });
 * ```
 */
export function createRedactor({ keyOf, clear }: RedactDeps): Redactor {
  const text = createHasher(keyOf);
  const isClear = createPathMatcher(clear);
  const describe = (tenant: string, value: Json): JsonObject => {
    const canonical = canonicalize(value);
    return { bytes: Buffer.byteLength(canonical), hash: text(tenant, canonical), type: typeOf(value) };
  };
  return {
    text,
    arguments(tenant, definition, input) {
      if (definition === undefined) return Object.keys(input).length === 0 ? {} : { '*': describe(tenant, input) };
      const declared = declaredNames(definition);
      const fields: Record<string, Json> = {};
      const undeclared = Object.entries(input).filter(([name]) => !declared.has(name));
      if (undeclared.length > 0) fields['*'] = describe(tenant, Object.fromEntries(undeclared));
      for (const name of Object.keys(input).sort()) {
        const value = input[name];
        if (value === undefined || !declared.has(name)) continue;
        fields[name] = isClear(definition.server, definition.name, name) ? value : describe(tenant, value);
      }
      return fields;
    },
  };
}

function createHasher(keyOf: RedactDeps['keyOf']): Redactor['text'] {
  const hashes = new WeakMap<Uint8Array, Hmac>();
  return (tenant, value) => {
    const key = keyOf(tenant);
    const hash = hashes.get(key) ?? hmacSha256(key);
    hashes.set(key, hash);
    return `hmac:${hash(value).slice(0, 32)}`;
  };
}

/** The paths are split once per list of the settings. */
function createPathMatcher(clear: RedactDeps['clear']): (server: string, tool: string, field: string) => boolean {
  let paths: readonly string[] = [];
  let patterns: readonly (readonly string[])[] = [];
  return (server, tool, field) => {
    const current = clear();
    if (current !== paths) {
      paths = current;
      patterns = current.map((path) => path.split('/'));
    }
    return patterns.some(
      (pattern) =>
        pattern.length === 3 &&
        [server, tool, field].every((part, index) => pattern[index] === '*' || pattern[index] === part),
    );
  };
}

const namesOf = new WeakMap<Definition, ReadonlySet<string>>();

function declaredNames(definition: Definition): ReadonlySet<string> {
  const known = namesOf.get(definition);
  if (known !== undefined) return known;
  const { document, kind } = definition;
  const properties = asObject(asObject(document['inputSchema'])['properties']);
  const prompts = Array.isArray(document['arguments'])
    ? document['arguments'].map((argument: Json) => String(asObject(argument)['name']))
    : [];
  const names = new Set([...Object.keys(properties), ...prompts, ...(kind === 'resource_template' ? ['uri'] : [])]);
  namesOf.set(definition, names);
  return names;
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
