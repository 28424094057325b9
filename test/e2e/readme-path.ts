/**
 * Runs command lines of `sallyport` in one process and one folder, as a shell would: `[folder, lines]` is the argument,
 * each line as its words. Prints what each wrote and its exit code, as JSON.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../../packages/gateway/src/main.ts';
import { freePort } from './gateway.ts';

interface Line {
  readonly words: readonly string[];
  /** The variable that gets what it prints. */
  readonly variable?: string;
  readonly isBackground: boolean;
}

const [folder, lines] = JSON.parse(process.argv[2] ?? '') as [string, readonly Line[]];
process.chdir(folder);
const print = process.stdout.write.bind(process.stdout);
let written = '';
const collect = ((text: string | Uint8Array): boolean => {
  written += String(text);
  return true;
}) as typeof process.stdout.write;
process.stdout.write = collect;
const results: unknown[] = [];

async function waitFor(text: string, ended: Promise<void>): Promise<void> {
  let isEnded = false;
  void ended.then(() => (isEnded = true));
  while (!written.includes(text) && !isEnded) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The only thing that is not as in the README: other ports, since those may be taken. */
async function useFreePorts(): Promise<void> {
  const file = join(folder, 'sallyport.yaml');
  const [gateway, admin] = [await freePort(), await freePort()];
  const text = readFileSync(file, 'utf8').replace('127.0.0.1:8700', `127.0.0.1:${gateway}`);
  writeFileSync(file, text.replace('127.0.0.1:8701', `127.0.0.1:${admin}`));
}

let background: Promise<void> | undefined;
for (const { words, variable, isBackground } of lines) {
  written = '';
  process.exitCode = 0;
  const run = main(words);
  if (isBackground) {
    background = run;
    await waitFor('ready    ', run);
  } else await run;
  if (variable !== undefined) process.env[variable] = written.trim();
  results.push({ words, code: process.exitCode, out: variable === undefined ? written : '' });
  if (words[0] === 'init') await useFreePorts();
}
process.kill(process.pid, 'SIGTERM');
await background;
print(`${JSON.stringify(results)}\n`);
process.exit(0);
