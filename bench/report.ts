/** The figures of one run as Markdown tables, each cell a ratio or a time, never a bare rate without its neighbour. */
import type { Era, Figures } from './load.ts';
import type { Memory } from './footprint.ts';

export interface Row {
  readonly path: string;
  readonly era: Era;
  readonly bytes: number;
  readonly connections: number;
  readonly figures: Figures;
}

export interface StageRow {
  readonly stage: string;
  readonly count: number;
  readonly meanMicroseconds: number;
}

export interface Results {
  readonly node: string;
  readonly date: string;
  readonly rows: readonly Row[];
  readonly stages: readonly StageRow[];
  readonly memory: Memory;
  /** One value a start, ascending. */
  readonly coldStartMs: readonly number[];
}

const rate = (row: Row): number => row.figures.requests / row.figures.seconds;

export function report(results: Results): string {
  const { memory, coldStartMs } = results;
  return [
    `# Measured ${results.date.slice(0, 10)} on Node.js ${results.node}`,
    '',
    'Calls per second, and in brackets the share of the bare Node.js proxy in the same setting; then p50 / p99 in ms.',
    '',
    ...throughput(results.rows),
    '',
    '## p99 that the gateway adds',
    '',
    ...added(results.rows),
    '',
    '## Where the time goes (mean µs a call, all gateway runs of this bench)',
    '',
    '| stage | calls | µs |',
    '|---|---|---|',
    ...results.stages.map((row) => `| ${row.stage} | ${row.count} | ${row.meanMicroseconds.toFixed(1)} |`),
    '',
    '`intent` and `outcome` are waits for the group commit of the audit log, `upstream` waits for the server.',
    '',
    '## Footprint',
    '',
    `- resident after start: ${memory.atStartMiB.toFixed(0)} MiB; after ${memory.sessions} legacy sessions with a call each: ${memory.afterSessionsMiB.toFixed(0)} MiB; another gateway, after all load runs: ${memory.afterLoadMiB.toFixed(0)} MiB`,
    `- ready after: median ${median(coldStartMs).toFixed(0)} ms, slowest ${(coldStartMs.at(-1) ?? 0).toFixed(0)} ms of ${coldStartMs.length} starts`,
    '',
  ].join('\n');
}

function throughput(rows: readonly Row[]): string[] {
  const names = [...new Set(rows.map((row) => row.path))];
  const lines = [
    `| era | size | connections | ${names.join(' | ')} |`,
    `|---|---|---|${names.map(() => '---').join('|')}|`,
  ];
  for (const group of settings(rows)) {
    const first = group[0];
    if (first === undefined) continue;
    const bare = group.find((row) => row.path === 'node proxy');
    const cells = names.map((name) => {
      const row = group.find((candidate) => candidate.path === name);
      if (row === undefined) return '–';
      const share = bare === undefined ? '' : ` (${(rate(row) / rate(bare)).toFixed(2)})`;
      return `${Math.round(rate(row))}${share} ${row.figures.p50.toFixed(1)} / ${row.figures.p99.toFixed(1)}`;
    });
    lines.push(`| ${first.era} | ${first.bytes} | ${first.connections} | ${cells.join(' | ')} |`);
  }
  return lines;
}

function added(rows: readonly Row[]): string[] {
  const lines = ['| era | size | connections | over direct | over the node proxy |', '|---|---|---|---|---|'];
  for (const group of settings(rows)) {
    const p99 = (name: string): number => group.find((row) => row.path === name)?.figures.p99 ?? Number.NaN;
    const first = group[0];
    if (first === undefined) continue;
    const gateway = p99('gateway');
    lines.push(
      `| ${first.era} | ${first.bytes} | ${first.connections} | ${(gateway - p99('direct')).toFixed(1)} ms | ${(gateway - p99('node proxy')).toFixed(1)} ms |`,
    );
  }
  return lines;
}

function settings(rows: readonly Row[]): Row[][] {
  return [...Map.groupBy(rows, (row) => `${row.era} ${row.bytes} ${row.connections}`).values()];
}

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;
