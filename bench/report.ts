/** The figures of one run as Markdown tables. Every rate stands beside its ratio to the bare Node.js proxy. */
import { callsPerSecond, median, type Results, type Row } from './figures.ts';

const rate = (row: Row): number => callsPerSecond(row.figures);

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
    [
      `- resident after start: ${memory.atStartMiB.toFixed(0)} MiB`,
      `after ${memory.sessions} legacy sessions with a call each: ${memory.afterSessionsMiB.toFixed(0)} MiB`,
      `another gateway, after all load runs: ${memory.afterLoadMiB.toFixed(0)} MiB`,
    ].join('; '),
    [
      `- ready after: median ${median(coldStartMs).toFixed(0)} ms`,
      `slowest ${(coldStartMs.at(-1) ?? 0).toFixed(0)} ms of ${coldStartMs.length} starts`,
    ].join(', '),
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
    const over = (name: string): string => `${(p99('gateway') - p99(name)).toFixed(1)} ms`;
    lines.push(`| ${first.era} | ${first.bytes} | ${first.connections} | ${over('direct')} | ${over('node proxy')} |`);
  }
  return lines;
}

function settings(rows: readonly Row[]): Row[][] {
  return [...Map.groupBy(rows, (row) => `${row.era} ${row.bytes} ${row.connections}`).values()];
}
