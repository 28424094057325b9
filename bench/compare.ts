/**
 * Two checkouts in one run: the gateway of each on the same server, with load on one and the other in turn, so that a
 * slow minute of the machine falls on both.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { callsPerSecond, median } from './figures.ts';
import { cliOf, openGateway, thisCheckout, TOOL_POLICY, type OpenedGateway } from './gateway.ts';
import { loadOf, openSession, preflight, type Era, type Target } from './load.ts';
import { cpuMicroseconds, freePort, here, onCore, PINNED, start } from './processes.ts';

const BYTES = 64;
const CONNECTIONS = [1, 16, 64];
const ERAS: readonly Era[] = ['modern', 'legacy'];

/** How long and how often each gateway is measured. */
export interface Comparison {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly pinned: boolean;
}

/** One load run on one gateway. */
interface Sample {
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly cpuMicrosecondsPerCall: number;
}

/**
 * @param other a built checkout with its own `node_modules`.
 * @returns a Markdown table: medians of each checkout, and the ratio of this one to the other.
 */
export async function compareWith(other: string, comparison: Comparison): Promise<string> {
  const checkout = resolve(other);
  if (!existsSync(cliOf(checkout))) throw new Error(`${checkout} is not a checkout of Sallyport`);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-compare-'));
  const port = await freePort();
  const upstream = `http://127.0.0.1:${port}`;
  const cores = comparison.pinned ? PINNED : undefined;
  const server = await start(...onCore(cores?.others, process.execPath, [here('./targets/upstream.ts'), String(port)]));
  const gateways: OpenedGateway[] = [];
  try {
    for (const [name, root] of [
      ['old', checkout],
      ['new', thisCheckout],
    ] as const)
      gateways.push(await openGateway(join(folder, name), upstream, TOOL_POLICY, root, cores?.measured));
    return await table(gateways, comparison);
  } finally {
    await Promise.all([server, ...gateways.map((gateway) => gateway.process)].map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function table(gateways: readonly OpenedGateway[], comparison: Comparison): Promise<string> {
  const { rounds, seconds, warmUpSeconds, pinned } = comparison;
  const where = pinned ? 'the gateway on a core of its own' : 'all on any core';
  const lines = [
    `Medians of ${rounds} runs of ${seconds} s each after ${warmUpSeconds} s, old and new in turn, ${where}; ` +
      `${BYTES} bytes per call.`,
    '',
    '| era | connections | figure | old | new | new / old |',
    '|---|---|---|---|---|---|',
  ];
  for (const era of ERAS)
    for (const connections of CONNECTIONS) {
      const [before = [], after = []] = await alternate(gateways, era, connections, comparison);
      for (const [figure, pick] of [
        ['calls per second', (sample: Sample) => sample.callsPerSecond],
        ['p50 in ms', (sample: Sample) => sample.p50Ms],
        ['CPU µs per call', (sample: Sample) => sample.cpuMicrosecondsPerCall],
      ] as const) {
        const [old, now] = [median(before.map(pick)), median(after.map(pick))];
        const ratio = (now / old).toFixed(2);
        lines.push(`| ${era} | ${connections} | ${figure} | ${old.toFixed(1)} | ${now.toFixed(1)} | ${ratio} |`);
      }
    }
  return `${lines.join('\n')}\n`;
}

/** @returns the samples of each gateway, in the order of `gateways`. */
async function alternate(
  gateways: readonly OpenedGateway[],
  era: Era,
  connections: number,
  { rounds, seconds, warmUpSeconds, pinned }: Comparison,
): Promise<Sample[][]> {
  const samples: Sample[][] = gateways.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const order = [...gateways.entries()];
    // Each is the first in every other round.
    for (const [index, { gateway }] of round % 2 === 0 ? order : order.reverse()) {
      const session = era === 'legacy' ? await openSession(gateway.url, gateway.token) : '';
      const core = pinned ? { core: PINNED.others } : {};
      const target: Target = { url: gateway.url, era, token: gateway.token, session, ...core };
      await preflight(target, BYTES);
      await loadOf(target, { connections, bytes: BYTES, seconds: warmUpSeconds });
      const cpuBefore = cpuMicroseconds(gateway.pid);
      const figures = await loadOf(target, { connections, bytes: BYTES, seconds });
      samples[index]?.push({
        callsPerSecond: callsPerSecond(figures),
        p50Ms: figures.p50,
        cpuMicrosecondsPerCall: (cpuMicroseconds(gateway.pid) - cpuBefore) / figures.requests,
      });
    }
  }
  return samples;
}
