/** `/audit/{tenant}/checkpoint`: the newest signed statement of a tenant's log (C2SP tlog-checkpoint), for who keeps or compares it. */
import { sendJson, sendText, type Endpoint } from './endpoint.ts';

/** @param read the signed note, or `undefined` for a tenant without a log. */
export function createCheckpoint(read: (tenant: string) => Promise<string | undefined>): Endpoint {
  return async (response, tenant = '') => {
    const note = await read(tenant);
    if (note === undefined) sendJson(response, 404, { error: 'not found' });
    else sendText(response, 200, { type: 'text/plain; charset=utf-8', text: note });
  };
}
