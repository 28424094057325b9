/** `/metrics`: the Prometheus text format. */
import { sendText, type Endpoint } from './endpoint.ts';

/** @param read content type and text, as the metrics adapter renders them. */
export function createMetricsEndpoint(read: () => Promise<{ readonly type: string; readonly text: string }>): Endpoint {
  return async (response) => sendText(response, 200, await read());
}
