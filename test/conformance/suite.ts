/** Runs the official conformance suite as the process that it is, and reads its verdict. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const suite = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')),
  'dist',
  'index.js',
);

export interface Verdict {
  /** 0 = every scored scenario passed. */
  readonly exitCode: number;
  /** How many checks passed, by scenario: one that could not be made passes nothing, and fails nothing. */
  readonly passedIn: ReadonlyMap<string, number>;
  /** Names of scenarios with a failed check, scored or not. */
  readonly failing: readonly string[];
  readonly unscored: readonly string[];
  readonly output: string;
}

export function runSuite(args: readonly string[], timeoutMs = 240_000): Promise<Verdict> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [suite, ...args],
      { timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024, env: { PATH: process.env['PATH'] } },
      (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`;
        const marked = (pattern: RegExp): string[] => [...output.matchAll(pattern)].map((match) => match[1] ?? '');
        const unscored = marked(/^ {2}[✓✗] (\S+) \(/gm);
        resolve({
          exitCode: error === null ? 0 : typeof error.code === 'number' ? error.code : 1,
          passedIn: new Map(
            [...output.matchAll(/^[✓✗] (\S+): (\d+) passed/gm)].map(([, name = '', count]) => [name, Number(count)]),
          ),
          failing: marked(/^✗ (\S+):/gm),
          unscored,
          output,
        });
      },
    );
  });
}

export const serverArgs = (url: string, revision: string): string[] => [
  'server',
  '--url',
  url,
  '--requirements',
  revision,
];
