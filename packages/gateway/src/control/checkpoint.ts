/**
 * `GET /audit/{tenant}/checkpoint`: the newest signed checkpoint of a tenant's log (C2SP tlog-checkpoint), for
 * witnesses that keep it or compare it.
 */
import { NOT_FOUND, type Endpoint } from './endpoint.ts';

/** @param read the signed note, or `undefined` for a tenant without a log. */
export function createCheckpoint(read: (tenant: string) => Promise<string | undefined>): Endpoint {
  return async ({ params: { tenant = '' } }) => {
    const note = await read(tenant);
    return note === undefined ? NOT_FOUND : { status: 200, type: 'text/plain; charset=utf-8', body: note };
  };
}
