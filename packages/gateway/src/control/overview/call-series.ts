/**
 * How many calls ended in each of the last steps of time, how many were refused and why, and how long they took: a ring
 * of a fixed size, so that it costs the same memory for any number of calls.
 */
import { BUCKETS, bucketOf, quantileMs } from './latency.ts';

/** One call that ended. */
export interface EndedCall {
  readonly durationMs: number;
  /** `error_code`; `undefined` when it succeeded. */
  readonly errorCode: string | undefined;
  /** True when nothing was executed. */
  readonly refused: boolean;
}

/** The figures of a window, oldest step first: lists of the same length. */
export interface CallFigures {
  readonly stepSeconds: number;
  /** When each step began, in milliseconds since 1970. */
  readonly startsMs: readonly number[];
  readonly calls: readonly number[];
  readonly refused: readonly number[];
  /** `null` for a step without a call. */
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
  /** Of the whole window, most frequent first: calls that did not succeed. */
  readonly errorCodes: readonly { readonly errorCode: string; readonly count: number }[];
}

/** Counts calls. */
export interface CallSeries {
  add(call: EndedCall, nowMs: number): void;
  read(nowMs: number): CallFigures;
}

interface Slot {
  /** Number of the step that the counts are of; -1 = none yet. */
  step: number;
  calls: number;
  refused: number;
  readonly durations: Uint32Array;
  readonly errorCodes: Map<string, number>;
}

/** @param steps how many steps are kept. */
export function createCallSeries(stepMs: number, steps: number): CallSeries {
  const slots = Array.from({ length: steps }, emptySlot);
  return {
    add({ durationMs, errorCode, refused }, nowMs) {
      const step = Math.floor(nowMs / stepMs);
      const slot = slots[step % steps] as Slot;
      if (slot.step !== step) reset(slot, step);
      slot.calls += 1;
      if (refused) slot.refused += 1;
      const bucket = bucketOf(durationMs);
      slot.durations[bucket] = (slot.durations[bucket] ?? 0) + 1;
      if (errorCode !== undefined) slot.errorCodes.set(errorCode, (slot.errorCodes.get(errorCode) ?? 0) + 1);
    },
    read: (nowMs) => figuresOf(slots, stepMs, Math.floor(nowMs / stepMs)),
  };
}

const emptySlot = (): Slot => ({
  step: -1,
  calls: 0,
  refused: 0,
  durations: new Uint32Array(BUCKETS),
  errorCodes: new Map(),
});

function reset(slot: Slot, step: number): void {
  slot.step = step;
  slot.calls = 0;
  slot.refused = 0;
  slot.durations.fill(0);
  slot.errorCodes.clear();
}

const NO_CALLS = emptySlot();

function figuresOf(slots: readonly Slot[], stepMs: number, now: number): CallFigures {
  const window = slots.map((_, at) => {
    const step = now - slots.length + 1 + at;
    // Steps before 1970 exist only for a clock of a test.
    const slot = step < 0 ? undefined : slots[step % slots.length];
    return { startMs: step * stepMs, slot: slot?.step === step ? slot : NO_CALLS };
  });
  const errorCodes = new Map<string, number>();
  for (const { slot } of window)
    for (const [code, count] of slot.errorCodes) errorCodes.set(code, (errorCodes.get(code) ?? 0) + count);
  const quantiles = (share: number): readonly (number | null)[] =>
    window.map(({ slot }) => quantileMs(slot.durations, share) ?? null);
  return {
    stepSeconds: stepMs / 1_000,
    startsMs: window.map(({ startMs }) => startMs),
    calls: window.map(({ slot }) => slot.calls),
    refused: window.map(({ slot }) => slot.refused),
    p50Ms: quantiles(0.5),
    p95Ms: quantiles(0.95),
    p99Ms: quantiles(0.99),
    errorCodes: [...errorCodes]
      .map(([errorCode, count]) => ({ errorCode, count }))
      .sort((a, b) => b.count - a.count || (a.errorCode < b.errorCode ? -1 : 1)),
  };
}
