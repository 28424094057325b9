/**
 * Counters, gauges and histograms whose children are plain numbers: counting takes a few nanoseconds on the path of a
 * call. prom-client renders them when the metrics are read; its own children hash their labels at every `inc`.
 */
import type { MaybePromise } from '@sallyport/guard';
import type { Metric, Registry } from 'prom-client';

/** A counter for one combination of label values. */
export interface CounterChild {
  inc(): void;
}
/** A histogram for one combination of label values. */
export interface HistogramChild {
  observe(value: number): void;
}

/** Name and labels of a metric. */
export interface Shape<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  /** How many combinations of label values are kept; later ones are counted with `other` in every label. */
  readonly childrenMax?: number;
}

type Values = readonly string[];
interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

const CHILDREN_MAX = 5_000;

/** Children by label values, one level of maps per label, so that a lookup makes and hashes no new text. */
interface Level<C> {
  readonly next: Map<string, Level<C>>;
  child: C | undefined;
}

function childrenOf<L extends string, C>(
  shape: Shape<L>,
  make: (labels: Readonly<Record<string, string>>) => C,
): (...values: Values) => C {
  const root: Level<C> = { next: new Map(), child: undefined };
  const overflow = shape.labels.map(() => 'other');
  let count = 0;
  const add = (values: Values): C => {
    let level = root;
    for (const value of values) {
      const nextLevel = level.next.get(value) ?? { next: new Map<string, Level<C>>(), child: undefined };
      level.next.set(value, nextLevel);
      level = nextLevel;
    }
    if (level.child !== undefined) return level.child;
    count += 1;
    level.child = make(Object.fromEntries(shape.labels.map((label, index) => [label, values[index] ?? ''])));
    return level.child;
  };
  return (...values) => {
    let level: Level<C> | undefined = root;
    for (const value of values) level = level?.next.get(value);
    return level?.child ?? add(count >= (shape.childrenMax ?? CHILDREN_MAX) ? overflow : values);
  };
}

function register(
  registry: Registry,
  shape: Shape<string>,
  type: 'counter' | 'gauge' | 'histogram',
  samples: () => MaybePromise<Sample[]>,
): void {
  const metric = {
    name: shape.name,
    help: shape.help,
    get: async () => ({ name: shape.name, help: shape.help, type, values: await samples(), aggregator: 'sum' }),
  };
  // The registry uses only these members of a metric, but its type requires prom-client's own classes.
  registry.registerMetric(metric as unknown as Metric);
}

/** @returns a function that finds the counter for label values, in the order of `shape.labels`. */
export function counter<L extends string>(registry: Registry, shape: Shape<L>): (...values: Values) => CounterChild {
  const all: { readonly labels: Readonly<Record<string, string>>; value: number }[] = [];
  register(registry, shape, 'counter', () => all.map(({ labels, value }) => ({ labels, value })));
  return childrenOf(shape, (labels) => {
    const child = {
      labels,
      value: 0,
      inc(): void {
        child.value += 1;
      },
    };
    all.push(child);
    return child;
  });
}

/** A gauge without labels. @param read called when the metrics are read. */
export function gauge(registry: Registry, shape: Shape<never>, read: () => MaybePromise<number>): void {
  register(registry, shape, 'gauge', async () => [{ labels: {}, value: await read() }]);
}

/**
 * @param bounds upper bounds of the buckets in the unit of the metric, ascending; `+Inf` is added.
 * @returns a function that finds the histogram for label values, in the order of `shape.labels`.
 */
export function histogram<L extends string>(
  registry: Registry,
  shape: Shape<L>,
  bounds: readonly number[],
): (...values: Values) => HistogramChild {
  const all: HistogramCells[] = [];
  register(registry, shape, 'histogram', () => all.flatMap((cells) => samplesOf(shape.name, bounds, cells)));
  return childrenOf(shape, (labels) => {
    const cells: HistogramCells = { labels, counts: new Float64Array(bounds.length + 1), sum: 0 };
    all.push(cells);
    return {
      observe: (value) => {
        let bucket = 0;
        while (bucket < bounds.length && value > (bounds[bucket] ?? Infinity)) bucket += 1;
        cells.counts[bucket] = (cells.counts[bucket] ?? 0) + 1;
        cells.sum += value;
      },
    };
  });
}

interface HistogramCells {
  readonly labels: Readonly<Record<string, string>>;
  /** Not cumulative; the last one is `+Inf`. */
  readonly counts: Float64Array;
  sum: number;
}

function samplesOf(name: string, bounds: readonly number[], { labels, counts, sum }: HistogramCells): Sample[] {
  let below = 0;
  const buckets = [...counts].map((count, index): Sample => {
    below += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: below },
  ];
}
