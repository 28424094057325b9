/** What one `sallyport audit` command takes, as the kernel counts it. Linux only. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** What a command took. */
export interface Measured {
  /** Largest resident memory. */
  readonly mib: number;
  /** From files and pipes, whether or not they were in the page cache; the program itself is part of it. */
  readonly mibRead: number;
  readonly seconds: number;
  readonly out: string;
}

/**
 * Runs a command on an audit folder; `tail` is stopped once it printed something.
 * @param program what Node.js is given before `audit`.
 */
export async function measured(
  program: readonly string[],
  command: readonly string[],
  folder: string,
): Promise<Measured> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [...program, 'audit', ...command, '--from', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let [out, mib, mibRead] = ['', 0, 0];
  const look = (): void => {
    try {
      const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      const bytes = /rchar: (\d+)/.exec(readFileSync(`/proc/${child.pid}/io`, 'utf8'))?.[1];
      [mib, mibRead] = [Number(kib ?? mib * 1_024) / 1_024, Number(bytes ?? mibRead * 2 ** 20) / 2 ** 20];
    } catch {
      // It has ended; its last figures stay.
    }
  };
  // Both figures only grow, so the last look before the end tells nearly all.
  const timer = setInterval(look, 20);
  child.stdout.on('data', (chunk: Buffer) => {
    look();
    out += chunk.toString();
    if (command[0] === 'tail') child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`audit ${command.join(' ')} ended with ${code}: ${out}`);
  return { mib, mibRead, seconds: (performance.now() - startMs) / 1_000, out };
}
