/**
 * `GET /audit/{tenant}/tile/{level}/{index}[.p/{width}]`: the Merkle tree of a tenant's log (C2SP tlog-tiles). Together
 * with the checkpoint it proves that a record is in the log and that none was removed. It holds hashes only; the
 * records themselves are exported by `sallyport audit export`.
 */
import { parseTilePath, type Tile } from '@sallyport/guard/audit';
import { NOT_FOUND, type Endpoint } from './endpoint.ts';

/** @param read the hashes of a tile, or `undefined` when the last checkpoint does not cover it. */
export function createTile(read: (tenant: string, tile: Tile) => Promise<Buffer | undefined>): Endpoint {
  return async ({ params: { tenant = '', tile: path = '' } }) => {
    const tile = parseTilePath(path);
    const hashes = tile && (await read(tenant, tile));
    return hashes === undefined ? NOT_FOUND : { status: 200, type: 'application/octet-stream', body: hashes };
  };
}
