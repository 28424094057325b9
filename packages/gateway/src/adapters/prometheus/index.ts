/** Prometheus metrics. */
export { createMetrics, type Metrics, type MetricsDeps, type Requested } from './metrics.ts';
