/**
 * What earlier runs found, so that an interrupted run goes on where it stopped. A result holds as long as the changed
 * file and the tests are the same.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from './change.ts';
import type { Verdict } from './run-tests.ts';
import { STATE } from './scratch.ts';

export interface Results {
  readonly verdictOn: (change: Change) => Verdict | undefined;
  readonly record: (change: Change, verdict: Verdict) => void;
}

export function openResults(folder: string): Results {
  const file = join(folder, STATE, 'results.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const known = new Map(lines.map((line) => JSON.parse(line) as [string, Verdict]));
  const record = (key: string, verdict: Verdict): void => {
    known.set(key, verdict);
    appendFileSync(file, `${JSON.stringify([key, verdict])}\n`);
  };
  const keyOf = (change: Change): string => {
    const hash = createHash('sha256').update(JSON.stringify(change));
    for (const path of [change.file, ...change.tests]) hash.update(readFileSync(join(folder, path)));
    return hash.digest('hex');
  };
  return {
    verdictOn: (change) => known.get(keyOf(change)),
    record: (change, verdict) => record(keyOf(change), verdict),
  };
}
