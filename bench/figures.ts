/** What a run measures, as the report and `results.json` have it. */
import type { Era, LoadFigures } from './load.ts';

/** One load run. */
export interface Row {
  readonly path: string;
  readonly era: Era;
  readonly bytes: number;
  readonly connections: number;
  readonly figures: LoadFigures;
}

/** Mean duration of one stage of the gateway's pipeline. */
export interface StageRow {
  readonly stage: string;
  readonly count: number;
  readonly meanMicroseconds: number;
}

export interface Memory {
  readonly sessions: number;
  /** Of a gateway without load: right after its start, and after the sessions. */
  readonly atStartMiB: number;
  readonly afterSessionsMiB: number;
  /** Of the gateway that the load runs went through. */
  readonly afterLoadMiB: number;
}

export interface Results {
  readonly node: string;
  readonly date: string;
  readonly rows: readonly Row[];
  readonly stages: readonly StageRow[];
  readonly memory: Memory;
  /** One value per start, ascending. */
  readonly coldStartMs: readonly number[];
}

/** @returns the middle of the values, and 0 when there are none. */
export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

export const callsPerSecond = ({ requests, seconds }: LoadFigures): number => requests / seconds;
