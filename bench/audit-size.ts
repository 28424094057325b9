/**
 * What each `sallyport audit` command takes for a log of many records: builds the log, runs the commands as a user
 * would, and prints the largest resident memory of each. Exits with 1 when one takes more than 150 MiB.
 *
 *     npm run build && node --conditions=sallyport-source bench/audit-size.ts [records]
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLog } from '../packages/server/src/segments/testing/build-log.mts';
import { measured } from '../packages/gateway/src/cli/testing/measured.mts';
import { cliOf, thisCheckout } from './gateway.ts';

const MIB_MAX = 150;
const RECORDS = 1_000_000;
/** A million records are 28 hours. */
const STEP_MS = 100;
const HOUR_MS = 3_600_000;

const records = Number(process.argv[2] ?? RECORDS);
const folder = mkdtempSync(join(tmpdir(), 'sallyport-audit-size-'));
try {
  const startMs = performance.now();
  await buildLog(folder, { records, stepMs: STEP_MS });
  const home = join(folder, 'acme');
  const bytes = readdirSync(home).reduce((sum, name) => sum + statSync(join(home, name)).size, 0);
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  process.stdout.write(`${records} records, ${Math.round(bytes / 2 ** 20)} MiB, built in ${seconds} s\n`);
  process.stdout.write('\n| command | MiB resident | MiB read | seconds |\n|---|---|---|---|\n');
  const commands = [
    ['verify'],
    ['search', '--limit', '1'],
    ['search', '--since', new Date(records * STEP_MS - HOUR_MS).toISOString()],
    ['prove', String(Math.floor(records / 3)), '--tenant', 'acme'],
    ['export', join(folder, 'exported')],
    ['tail', '--limit', '1'],
  ];
  for (const command of commands) {
    const { mib, mibRead, seconds: took } = await measured([cliOf(thisCheckout)], command, folder);
    process.stdout.write(`| ${command.join(' ')} | ${mib.toFixed(0)} | ${mibRead.toFixed(1)} | ${took.toFixed(1)} |\n`);
    if (mib > MIB_MAX) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
