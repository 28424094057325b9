/**
 * What a record says of arguments: by default a keyed hash with type and size, so that an auditor who has a value can find
 * it and nobody else learns it; in clear only where the operator lists the path. Names that the schema does not declare are
 * the caller's words and are hashed with their values.
 */
import { keyedHash, type KeyedHash } from './keyed-hash.ts';
import type { Definition, Json, JsonObject } from '../call.ts';
import { canonicalize } from '../json/canonical.ts';

export interface Redactor {
  arguments(tenant: string, definition: Definition | undefined, input: JsonObject): JsonObject;
  /** `hmac:` and 32 hex digits of a text under the tenant's key. */
  text(tenant: string, value: string): string;
}

export interface RedactDeps {
  /** The tenant's HMAC key, 32 bytes. */
  readonly keyOf: (tenant: string) => Uint8Array;
  /** Paths `server/tool/field` that are recorded in clear now; `*` stands for one segment. */
  readonly clear: () => readonly string[];
}

export function createRedactor({ keyOf, clear }: RedactDeps): Redactor {
  const hashes = new WeakMap<Uint8Array, KeyedHash>();
  const hashed = (tenant: string, text: string): string => {
    const key = keyOf(tenant);
    let hash = hashes.get(key);
    if (hash === undefined) hashes.set(key, (hash = keyedHash(key)));
    return `hmac:${hash(text).slice(0, 32)}`;
  };
  let [paths, rules]: [readonly string[], readonly (readonly string[])[]] = [[], []];
  const isClear = (server: string, tool: string, field: string): boolean => {
    const now = clear();
    if (now !== paths) [paths, rules] = [now, now.map((path) => path.split('/'))];
    return rules.some(
      (rule) =>
        rule.length === 3 && [server, tool, field].every((part, index) => rule[index] === '*' || rule[index] === part),
    );
  };
  const describe = (tenant: string, value: Json): JsonObject => {
    const text = canonicalize(value);
    return { bytes: Buffer.byteLength(text), hash: hashed(tenant, text), type: typeOf(value) };
  };
  return {
    text: hashed,
    arguments(tenant, definition, input) {
      const declared = definition && declaredNames(definition);
      const fields: Record<string, Json> = {};
      const known = Object.keys(input)
        .filter((name) => definition !== undefined && declared?.has(name) === true)
        .sort();
      const others =
        Object.keys(input).length === known.length
          ? undefined
          : Object.fromEntries(Object.entries(input).filter(([name]) => !known.includes(name)));
      if (others !== undefined) fields['*'] = describe(tenant, others);
      for (const name of known) {
        const value = input[name] as Json;
        fields[name] =
          definition !== undefined && isClear(definition.server, definition.name, name)
            ? value
            : describe(tenant, value);
      }
      return fields;
    },
  };
}

const names = new WeakMap<Definition, ReadonlySet<string>>();

function declaredNames(definition: Definition): ReadonlySet<string> {
  let known = names.get(definition);
  if (known === undefined) {
    const { document, kind } = definition;
    const schema = document['inputSchema'] as { properties?: JsonObject } | undefined;
    const prompts = Array.isArray(document['arguments'])
      ? (document['arguments'] as readonly { name?: string }[]).map((one) => String(one.name))
      : [];
    const addressed = kind === 'resource_template' ? ['uri'] : [];
    names.set(definition, (known = new Set([...Object.keys(schema?.properties ?? {}), ...prompts, ...addressed])));
  }
  return known;
}

const typeOf = (value: Json): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
