/**
 * A gateway whose files cannot grow beyond a size: what a full disk looks like to a process, on every machine and also
 * to root.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compileCache } from '../fixtures/compile-cache.ts';
import type { TestOptions } from '../e2e/gateway.ts';
import { openInstallation, type Installation } from './installation.ts';

const program = fileURLToPath(new URL('./gateway-process.ts', import.meta.url));

export interface FullDiskInstallation extends Installation {
  /** Ends the process as a crash would; the files stay. */
  kill(): Promise<void>;
}

/** @param kib largest size of any file that the process writes, in KiB. */
export async function openInstallationOnFullDisk(options: TestOptions, kib: number): Promise<FullDiskInstallation> {
  const installation = await openInstallation(options);
  const words = [
    process.execPath,
    '--conditions=sallyport-source',
    program,
    'start',
    '--json',
    '--config',
    installation.config,
  ];
  const child = spawn('bash', ['-c', `ulimit -f ${kib}; exec "$@"`, 'bash', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: installation.folder, ...compileCache() },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('gateway_url')) resolve();
    });
    child.once('close', (code) => reject(new Error(`the gateway ended (${code}): ${said}`)));
  });
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return gone;
  };
  return {
    ...installation,
    kill,
    close: async () => {
      await kill();
      await installation.close();
    },
  };
}
