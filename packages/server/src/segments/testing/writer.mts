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
    const clock = { now: () => 1 };
    const folder = ${JSON.stringify(folder)};
    const log = openAuditLog({ folder, origin: 'sallyport.test', clock, checkpointEveryMs: 1 });
    const filler = 'x'.repeat(2000);
    for (let n = 0; ; n++) {
      const unmapped = { phase: 'outcome', record_id: 'r' + n, status: 'success', filler };
      await log.append('acme', { time: n, unmapped });
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
