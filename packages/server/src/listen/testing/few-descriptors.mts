/**
 * A listener as a process of its own, whose number of descriptors a test limits. Says its port; for each line of input
 * it opens files, and says how many it could.
 */
import { closeSync, openSync } from 'node:fs';
import { openListener } from '../listener.ts';

const FILES = 16;

const listener = await openListener({
  name: 'gateway',
  settings: { host: '127.0.0.1', port: 0, tls: undefined, behindTlsProxy: false },
  handler: (_request, response) => void response.end(),
});
process.stdout.write(`${new URL(listener.url).port}\n`);

function openFiles(): number {
  const descriptors: number[] = [];
  try {
    while (descriptors.length < FILES) descriptors.push(openSync(process.execPath, 'r'));
  } catch {
    // As many as could be opened are counted.
  }
  for (const descriptor of descriptors) closeSync(descriptor);
  return descriptors.length;
}

process.stdin.on('data', () => void process.stdout.write(`${openFiles()}\n`));
process.stdin.on('end', () => process.exit(0));
