/** A page of a list that is in memory and sorted by a text that no two items share. */
import type { ApiCaller } from './access.ts';
import type { Cursors, ListName } from './cursor.ts';

/** What follows the last item of the page before, also when that one is not there any more. */
export function pageAfterName<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  caller: ApiCaller,
  cursors: Cursors,
  list: ListName,
): { readonly items: readonly Item[]; readonly next_cursor?: string } {
  const after = cursors.open(caller, list, cursor);
  const rest = items
    .map((item) => ({ item, name: nameOf(item) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ name }) => typeof after !== 'string' || name > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ item }) => item),
    ...(last !== undefined && rest.length > limit && { next_cursor: cursors.seal(caller, list, last.name) }),
  };
}
