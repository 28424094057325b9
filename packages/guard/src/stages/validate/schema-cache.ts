/** The compiled schemas of pinned definitions, within a bounded memory. */
import type { Definition, Json } from '../../call.ts';
import type { Digest } from '../../identifiers.ts';
import type { SchemaLimits } from './bounds.ts';
import { compileWeighed, type CheckSchema } from './compile.ts';

/**
 * The compiled schema of a definition; `undefined` when it has none.
 *
 * @example
 * ```ts
 * const faultsOf = (cache: SchemaCache, definition: Definition, value: Json): readonly SchemaFault[] =>
 *   cache(definition)?.(value) ?? [];
 * ```
 */
export type SchemaCache = (definition: Definition) => CheckSchema | undefined;

interface Compiled {
  /** Throws the reason when the schema cannot be compiled. */
  readonly check: () => CheckSchema | undefined;
  readonly bytes: number;
}

/** B4: a schema of 21 bytes may take a megabyte, and a server may have 5,000 of them. */
const BYTES_MAX = 64 * 1024 * 1024;
/** What an entry takes besides. */
const ENTRY_BYTES = 1_024;

/**
 * Compiles each pinned schema once, while there is room: the one that was used least recently goes first. A schema that
 * cannot be compiled throws for every call; it is never skipped, and not compiled again, because finding out can take
 * as long as compiling.
 *
 * @param bytesMax memory of all that are kept, about.
 * @example
 * ```ts
 * const inputCheck = createSchemaCache('inputSchema', SCHEMA_LIMITS);
 * ```
 */
export function createSchemaCache(
  member: 'inputSchema' | 'outputSchema',
  limits: SchemaLimits,
  bytesMax: number = BYTES_MAX,
): SchemaCache {
  const kept = new Map<Digest, Compiled>();
  let keptBytes = 0;
  const forget = (digest: Digest): void => {
    keptBytes -= kept.get(digest)?.bytes ?? 0;
    kept.delete(digest);
  };
  return ({ digest, document }) => {
    const compiled = kept.get(digest) ?? compile(document[member], limits);
    forget(digest);
    kept.set(digest, compiled);
    keptBytes += compiled.bytes;
    for (const [oldest] of kept) {
      if (keptBytes <= bytesMax || oldest === digest) break;
      forget(oldest);
    }
    return compiled.check();
  };
}

function compile(schema: Json | undefined, limits: SchemaLimits): Compiled {
  if (schema === undefined) return { check: () => undefined, bytes: ENTRY_BYTES };
  try {
    const { check, bytes } = compileWeighed(schema, limits);
    return { check: () => check, bytes: bytes + ENTRY_BYTES };
  } catch (cause) {
    return {
      check: () => {
        throw cause;
      },
      bytes: ENTRY_BYTES,
    };
  }
}
