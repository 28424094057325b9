/** Whether an answer is one page of several, and with which argument the next one is asked for. */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { OperationBinding } from './binding.ts';

/** Members of an answer that hold what the next call must send. */
const CURSORS = [
  ...['next_cursor', 'nextCursor', 'next_page_token', 'nextPageToken', 'next_token', 'nextToken', 'continue'],
  ...['next_page', 'nextPage', 'end_cursor', 'endCursor', 'cursor', 'next_marker', 'after'],
];
/** Members around them. */
const AROUND = [
  'meta',
  'metadata',
  'pagination',
  'paging',
  'page',
  'page_info',
  'pageInfo',
  'cursors',
  'response_metadata',
];
/** Arguments that take them, by what they are usually called. */
const TAKES_CURSOR =
  /^(?:(?:page|next|start)_?)?(?:cursor|token|marker|continue|after|offset|page)$|^starting_after$|^page_?token$/i;
const CURSOR = /^[A-Za-z0-9_.:=+/~-]{1,256}$/;

/** @returns a sentence for the model; `undefined` when nothing says that there is more. */
export function moreNote(operation: OperationBinding, value: Json, link: string | undefined): string | undefined {
  const fromLink = argumentsOfLink(operation, link);
  if (fromLink !== undefined) return `There are more results: call again with ${fromLink}.`;
  const cursor = cursorIn(value);
  const hasMore = isObject(value) && (value['has_more'] === true || value['hasMore'] === true);
  if (cursor === undefined) return hasMore ? 'There are more results than this page shows.' : undefined;
  const parameter = operation.parameters.find(({ in: place, name }) => place === 'query' && TAKES_CURSOR.test(name));
  return parameter === undefined
    ? 'There are more results than this page shows.'
    : `There are more results: call again with ${parameter.argument} = ${JSON.stringify(cursor)}.`;
}

function cursorIn(value: Json): string | undefined {
  if (!isObject(value)) return undefined;
  const holders: readonly JsonObject[] = [value, ...AROUND.map((name) => asObject(value[name]))];
  const inner = holders.flatMap((holder) => [holder, asObject(holder['cursors'])]);
  for (const holder of inner) {
    for (const name of CURSORS) {
      const cursor = holder[name];
      if (typeof cursor === 'number' && Number.isSafeInteger(cursor)) return String(cursor);
      if (typeof cursor === 'string' && CURSOR.test(cursor)) return cursor;
    }
  }
  return undefined;
}

/** `Link: <…?page=3>; rel="next"` (RFC 8288): of its query what are arguments of this operation. */
function argumentsOfLink({ parameters }: OperationBinding, link: string | undefined): string | undefined {
  const next = link
    ?.slice(0, 4_096)
    .split(',')
    .find((part) => /;\s*rel="?next"?/i.test(part));
  const address = /<([^<>]{1,2000})>/.exec(next ?? '')?.[1];
  const url = address === undefined ? null : URL.parse(address, 'http://page.invalid');
  if (url === null) return undefined;
  const pairs = parameters.flatMap(({ in: place, name, argument }) => {
    const value = place === 'query' ? url.searchParams.get(name) : null;
    return value !== null && CURSOR.test(value) ? [`${argument} = ${JSON.stringify(value)}`] : [];
  });
  return pairs.length > 0 ? pairs.join(', ') : undefined;
}
