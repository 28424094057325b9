/** The items of one server, and the definitions that the guard knows of them. */
import type { Catalog, Definition, DefinitionKind, Target } from '@sallyport/guard';
import { definitionOf, requireChecked, type Item } from '../item.ts';
import type { Prompt } from '../prompt.ts';
import type { Resource, ResourceTemplate } from '../resource.ts';
import type { Tool } from '../tool.ts';

/** Everything that a server offers. */
export type AnyItem = Tool | Resource | ResourceTemplate | Prompt;

/** Finds items and definitions. */
export interface ItemCatalog extends Catalog {
  readonly items: readonly AnyItem[];
  /** The definitions of one kind, in the order in which they were given. */
  list(kind: DefinitionKind): readonly Definition[];
  /** Every definition. */
  readonly definitions: readonly Definition[];
  /** The item that a definition is of. */
  itemOf(definition: Definition): AnyItem | undefined;
}

/** @throws RangeError for an item that nobody has checked, and when two items of a kind have the same name. */
export function createCatalog(server: string, items: readonly AnyItem[]): ItemCatalog {
  items.forEach(requireChecked);
  const byKey = new Map(items.map((item) => [keyOf(item), { item, definition: definitionOf(server, item) }]));
  if (byKey.size !== items.length) {
    const twice = items.find((item, index) => items.findIndex((other) => keyOf(other) === keyOf(item)) < index);
    throw new RangeError(`two ${twice?.kind.replace('_', ' ')}s have the same name: ${twice?.name}`);
  }
  const entries = [...byKey.values()];
  const definitions = entries.map(({ definition }) => definition);
  const templates = entries.filter(({ item }) => item.kind === 'resource_template');
  const find = (target: Target): Definition | undefined => {
    if (!('name' in target)) return undefined;
    const exact = byKey.get(keyOf(target as Pick<Item, 'kind' | 'name'>))?.definition;
    if (exact !== undefined || target.kind !== 'resource') return exact;
    return templates.find(({ item }) => (item as ResourceTemplate).template.match(target.name) !== undefined)
      ?.definition;
  };
  return {
    items,
    definitions,
    list: (kind) => definitions.filter((definition) => definition.kind === kind),
    find,
    itemOf: (definition) => byKey.get(keyOf(definition))?.item,
  };
}

const keyOf = ({ kind, name }: { readonly kind: string; readonly name: string }): string => `${kind} ${name}`;
