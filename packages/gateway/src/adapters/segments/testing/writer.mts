/** A process that writes into a log as fast as it can, so that what reads it can be tried meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Resolves once 300 records are there. @returns how to kill it in the middle of whatever it does. */
export async function startWriter(folder: string): Promise<{ kill(): Promise<void> }> {
  const writer = spawn(
    process.execPath,
    [
      '--conditions=sallyport-source',
      '--input-type=module',
      '-e',
      `
    import { openAuditLog } from ${JSON.stringify(new URL('../log.ts', import.meta.url).href)};
    const log = openAuditLog({ folder: ${JSON.stringify(folder)}, origin: 'sallyport.test', clock: { now: () => 1 }, checkpointEveryMs: 1 });
    for (let n = 0; ; n++) {
      await log.append('acme', { time: n, unmapped: { phase: 'outcome', record_id: 'r' + n, status: 'success', filler: 'x'.repeat(2000) } });
      if (n === 300) console.log('written');
    }`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const gone = once(writer, 'exit');
  await once(writer.stdout, 'data');
  return {
    async kill() {
      writer.kill('SIGKILL');
      await gone;
    },
  };
}
