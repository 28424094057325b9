/** The metrics of the gateway in the Prometheus text format. */
export { createMetrics, type Metrics, type MetricsDeps, type RequestReport } from './metrics.ts';
