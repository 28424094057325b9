/** `GET /metrics`: the Prometheus text format. */
import type { Endpoint } from './endpoint.ts';

/** Metrics as text, with the content type of their format. */
export interface RenderedMetrics {
  readonly type: string;
  readonly text: string;
}

/** @param read renders the metrics, as the metrics adapter does. */
export function createMetricsEndpoint(read: () => Promise<RenderedMetrics>): Endpoint {
  return async () => {
    const { type, text } = await read();
    return { status: 200, type, body: text };
  };
}
