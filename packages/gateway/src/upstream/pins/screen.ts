/** Withholds the definitions of a list that have a bad name, a doubled name, or the look of another one (A5, S9). */
import type { Definition, DefinitionKind, JsonObject } from '@sallyport/guard';
import { hasValidAnnotations } from '@sallyport/server/mcp/param-headers';
import { lookAlikeKeys, nameFault } from './names.ts';
import { shapeFault } from './shape.ts';
import type { Withheld } from './withheld.ts';

/** A list in two parts: what may be compared with its pins, and what is withheld. */
export interface ScreenedList {
  readonly accepted: readonly (readonly [name: string, document: JsonObject])[];
  readonly withheld: readonly Withheld[];
}

/**
 * A pinned name is served beside newcomers that look like it; of newcomers that look alike, none is.
 *
 * @param nameOf the member that names a definition of this kind.
 * @param servers names of all configured servers.
 */
export function screenList(
  kind: DefinitionKind,
  documents: readonly JsonObject[],
  nameOf: (document: JsonObject) => unknown,
  pinned: ReadonlyMap<string, Definition>,
  servers: readonly string[],
): ScreenedList {
  const withheld: Withheld[] = [];
  const wellFormed: [name: string, document: JsonObject][] = [];
  for (const document of documents) {
    const name = nameOf(document);
    if (typeof name !== 'string') {
      withheld.push({ name: '', reason: 'no name' });
      continue;
    }
    const reason = faultOf(kind, name, document, pinned.has(name), servers);
    if (reason === undefined) wellFormed.push([name, document]);
    else withheld.push({ name, reason });
  }
  const whyNotUnique = uniqueness(kind, [...pinned.keys()], wellFormed);
  const accepted = wellFormed.filter(([name]) => {
    const reason = whyNotUnique(name, pinned.has(name));
    if (reason !== undefined) withheld.push({ name, reason });
    return reason === undefined;
  });
  return { accepted, withheld };
}

function faultOf(
  kind: DefinitionKind,
  name: string,
  document: JsonObject,
  isPinned: boolean,
  servers: readonly string[],
): string | undefined {
  const fault = nameFault(kind, name, servers);
  if (fault !== undefined) return fault;
  // A definition that lost its shape after it was pinned differs from its pin, and is handled as drift.
  const shape = isPinned ? undefined : shapeFault(kind, document);
  return shape ?? schemaFault(kind, document);
}

/** @returns a function that says why a name is not unique; `undefined` when it is. */
function uniqueness(
  kind: DefinitionKind,
  pinnedNames: readonly string[],
  listed: readonly (readonly [name: string, document: JsonObject])[],
): (name: string, isPinned: boolean) => string | undefined {
  const namesByKey = new Map<string, Set<string>>();
  const timesListed = new Map<string, number>();
  for (const name of pinnedNames) addName(namesByKey, kind, name);
  for (const [name] of listed) {
    addName(namesByKey, kind, name);
    timesListed.set(name, (timesListed.get(name) ?? 0) + 1);
  }
  return (name, isPinned) => {
    if ((timesListed.get(name) ?? 0) > 1) return 'listed more than once';
    if (isPinned || lookAlikeKeys(kind, name).every((key) => namesByKey.get(key)?.size === 1)) return undefined;
    return 'looks like another name';
  };
}

function addName(namesByKey: Map<string, Set<string>>, kind: DefinitionKind, name: string): void {
  for (const key of lookAlikeKeys(kind, name)) {
    const names = namesByKey.get(key);
    if (names === undefined) namesByKey.set(key, new Set([name]));
    else names.add(name);
  }
}

/** 2026-07-28: a tool whose `x-mcp-header` annotations are invalid is excluded. */
function schemaFault(kind: DefinitionKind, document: JsonObject): string | undefined {
  return kind === 'tool' && !hasValidAnnotations(document['inputSchema'])
    ? 'invalid x-mcp-header annotation'
    : undefined;
}
