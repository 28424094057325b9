/** What the gateway needs: memory after many sessions, and the time until it is ready. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Memory } from './figures.ts';
import { cliOf, configure, thisCheckout, TOOL_POLICY } from './gateway.ts';
import { openSession, preflight } from './load.ts';
import type { OpenedPaths } from './paths.ts';
import { freePort, here, residentMiB, start } from './processes.ts';

/** Opens legacy sessions that each make one call and are then abandoned, as real clients abandon them. */
export async function measureMemory(
  { gateway: loaded, fresh }: Pick<OpenedPaths, 'gateway' | 'fresh'>,
  sessions: number,
): Promise<Memory> {
  const afterLoadMiB = residentMiB(loaded.pid);
  const { gateway } = await fresh();
  let opened = 0;
  const worker = async (): Promise<void> => {
    while (opened < sessions) {
      opened += 1;
      const session = await openSession(gateway.url, gateway.token);
      await preflight({ url: gateway.url, era: 'legacy', token: gateway.token, session }, 64);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return { sessions, atStartMiB: gateway.atStartMiB, afterSessionsMiB: residentMiB(gateway.pid), afterLoadMiB };
}

/** Milliseconds from spawn to the first 200 of `/ready`, one value per start, ascending. */
export async function measureColdStart(times: number): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-cold-'));
  const upstreamPort = await freePort();
  const upstream = await start(process.execPath, [here('./targets/upstream.ts'), String(upstreamPort)]);
  const taken: number[] = [];
  try {
    const { admin, config } = await configure(folder, `http://127.0.0.1:${upstreamPort}`, TOOL_POLICY);
    for (let run = 0; run < times; run++) {
      const began = performance.now();
      const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${admin}/ready`)).ok;
      const gateway = await start(process.execPath, [cliOf(thisCheckout), 'start', '--config', config], ready);
      taken.push(performance.now() - began);
      await gateway.stop();
    }
  } finally {
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return taken.sort((a, b) => a - b);
}
