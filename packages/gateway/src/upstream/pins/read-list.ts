/** Reads a whole list from a server, page by page, within bounds (J14). */
import { isObject, type DefinitionKind, type JsonObject } from '@sallyport/guard';
import { LISTS, type ListedKind } from '@sallyport/server/mcp/lists';
import { modernMeta } from '../transports/gateway-meta.ts';
import { transportFailure } from '../transports/failure.ts';
import { gatewayRequest, type Connection } from '../transports/transport.ts';

/** How many definitions of a kind one server may have. */
export const DEFINITIONS_MAX = {
  tool: 5_000,
  prompt: 5_000,
  resource: 20_000,
  resource_template: 5_000,
} as const satisfies Record<ListedKind, number>;

const PAGES_MAX = 200;
const PAGE_BYTES_MAX = 8 * 1024 * 1024;
const LIST_BYTES_MAX = 16 * 1024 * 1024;
const CURSOR_CHARACTERS_MAX = 4_096;

/**
 * @param capabilities what the gateway declares to a modern server.
 * @returns every listed document, in order. Empty when the server does not have the capability.
 * @throws GuardError `upstream_failed` when a cursor repeats, pages do not end, or there are more than the kind allows.
 */
export async function readList(
  connection: Connection,
  kind: DefinitionKind,
  timeoutMs: number,
  capabilities: JsonObject,
): Promise<readonly JsonObject[]> {
  if (kind === 'server') return [];
  const list = LISTS[kind];
  if (!isObject(connection.profile.capabilities[list.capability])) return [];
  const documents: JsonObject[] = [];
  const cursors = new Set<string>();
  const meta = connection.era === 'modern' ? { _meta: modernMeta(capabilities) } : {};
  let cursor: string | undefined;
  let bytes = 0;
  for (let page = 0; page < PAGES_MAX; page++) {
    const params = { ...meta, ...(cursor === undefined ? {} : { cursor }) };
    const result = await connection.request(gatewayRequest(list.method, params, timeoutMs, PAGE_BYTES_MAX));
    const items = result.value[list.member];
    if (!Array.isArray(items)) throw transportFailure('a list result without its list');
    bytes += result.receivedBytes;
    for (const item of items) if (isObject(item)) documents.push(item);
    if (bytes > LIST_BYTES_MAX) throw transportFailure(`more than ${LIST_BYTES_MAX} bytes in one list`);
    if (documents.length > DEFINITIONS_MAX[kind])
      throw transportFailure(`more than ${DEFINITIONS_MAX[kind]} definitions in one list`);
    const next = result.value['nextCursor'];
    // An empty string is a cursor like any other; only its absence ends the list.
    if (typeof next !== 'string') return documents;
    if (cursors.has(next) || next.length > CURSOR_CHARACTERS_MAX) throw transportFailure('a cursor repeats');
    cursors.add(next);
    cursor = next;
  }
  throw transportFailure('the pages of a list do not end');
}
