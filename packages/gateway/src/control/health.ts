/** `/health`: the process lives. Touches nothing else, so that a broken dependency does not get the process restarted. */
import { sendJson, type Endpoint } from './endpoint.ts';

export const health: Endpoint = (response) => sendJson(response, 200, { status: 'ok' });
