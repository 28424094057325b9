/**
 * `/audit/{tenant}/tile/{level}/{index}[.p/{width}]`: the tree of a tenant's log (C2SP tlog-tiles), for who proves with the
 * checkpoint that records are in it and that none was taken out. Hashes only: the records themselves are for `audit export`.
 */
import { parseTilePath, type Tile } from '@sallyport/guard/audit';
import { sendJson, type Endpoint } from './endpoint.ts';

/** @param read the hashes of a tile, or `undefined` when the last checkpoint does not cover it. */
export function createTile(read: (tenant: string, tile: Tile) => Promise<Buffer | undefined>): Endpoint {
  return async (response, tenant = '', path = '') => {
    const tile = parseTilePath(path);
    const bytes = tile && (await read(tenant, tile));
    if (bytes === undefined) return sendJson(response, 404, { error: 'not found' });
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length });
    response.end(bytes);
  };
}
