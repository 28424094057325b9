/** What the gateway needs: memory after many sessions, and the time until it is ready. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession, preflight } from './load.ts';
import { cli, configure, TOOL_POLICY, type Opened } from './paths.ts';
import { freePort, here, residentMiB, start } from './processes.ts';

export interface Memory {
  readonly sessions: number;
  /** Of a gateway of its own: right after start, and after the sessions. */
  readonly atStartMiB: number;
  readonly afterSessionsMiB: number;
  /** Of the gateway that the load runs went through. */
  readonly afterLoadMiB: number;
}

/** Opens legacy sessions that each make one call and are then abandoned, as real clients do. */
export async function measureMemory(
  { gateway: loaded, fresh }: Pick<Opened, 'gateway' | 'fresh'>,
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

/** Milliseconds from spawn to the first 200 of `/ready`, one value a start, ascending. */
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
      const gateway = await start(process.execPath, [cli, 'start', '--config', config], ready);
      taken.push(performance.now() - began);
      await gateway.stop();
    }
  } finally {
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return taken.sort((a, b) => a - b);
}
