/** Sorts out what a list may not name: bad names, doubled names, names that look like another one (A5, S9). */
import type { Definition, DefinitionKind, JsonObject } from '@sallyport/guard';
import { hasValidAnnotations } from '../../mcp/param-headers.ts';
import { lookAlikeKeys, nameFault } from '../pins/names.ts';
import { shapeFault } from './shape.ts';

export interface Screening {
  readonly kind: DefinitionKind;
  readonly documents: readonly JsonObject[];
  readonly nameOf: (document: JsonObject) => unknown;
  readonly pinned: ReadonlyMap<string, Definition>;
  readonly servers: readonly string[];
}

export interface Screened {
  readonly good: readonly (readonly [name: string, document: JsonObject])[];
  readonly withheld: readonly { readonly name: string; readonly reason: string }[];
}

/** A pinned name keeps its place against newcomers that look like it; among newcomers nobody wins. */
export function screenNames({ kind, documents, nameOf, pinned, servers }: Screening): Screened {
  const withheld: { name: string; reason: string }[] = [];
  const fine: [string, JsonObject][] = [];
  for (const document of documents) {
    // What became misshapen after it was pinned is a change of a pinned definition, and treated as one.
    const name = nameOf(document);
    const fault =
      typeof name !== 'string'
        ? 'no name'
        : (nameFault(kind, name, servers) ??
          (pinned.has(name) ? undefined : shapeFault(kind, document)) ??
          schemaFault(kind, document));
    if (typeof name !== 'string' || fault !== undefined)
      withheld.push({ name: typeof name === 'string' ? name : '', reason: fault ?? 'no name' });
    else fine.push([name, document]);
  }
  const alike = new Map<string, Set<string>>();
  const times = new Map<string, number>();
  for (const name of pinned.keys()) for (const key of lookAlikeKeys(kind, name)) note(alike, key, name);
  for (const [name] of fine) {
    for (const key of lookAlikeKeys(kind, name)) note(alike, key, name);
    times.set(name, (times.get(name) ?? 0) + 1);
  }
  const good = fine.filter(([name]) => {
    if ((times.get(name) ?? 0) > 1) {
      withheld.push({ name, reason: 'listed more than once' });
      return false;
    }
    if (pinned.has(name) || lookAlikeKeys(kind, name).every((key) => alike.get(key)?.size === 1)) return true;
    withheld.push({ name, reason: 'looks like another name' });
    return false;
  });
  return { good, withheld };
}

function note(alike: Map<string, Set<string>>, key: string, name: string): void {
  const names = alike.get(key);
  if (names === undefined) alike.set(key, new Set([name]));
  else names.add(name);
}

/** 2026-07-28: a tool whose `x-mcp-header` annotations are invalid is excluded. */
function schemaFault(kind: DefinitionKind, document: JsonObject): string | undefined {
  return kind === 'tool' && !hasValidAnnotations(document['inputSchema'])
    ? 'invalid x-mcp-header annotation'
    : undefined;
}
