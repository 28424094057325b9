/**
 * `GET /health`: the process runs. It touches no dependency, so that a broken dependency does not get the process
 * restarted.
 */
import { jsonResponse, type Endpoint } from './endpoint.ts';

/** Always 200. */
export const health: Endpoint = () => jsonResponse(200, { status: 'ok' });
