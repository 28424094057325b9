/** `npm run faults -- kills`: a whole gateway is killed under load so many times. */
import { openKilledGateway, type Figures } from './killed-gateway.ts';
import { numbers } from './random.ts';
import { say } from './report.ts';

/** Kills on one data folder, before a new one begins. */
const KILLS_PER_FOLDER = 50;
const CALLS_PER_SECOND_MIN = 50;

/** @throws Error that says what is wrong. */
export async function runKills(count: number, seed: number): Promise<void> {
  const below = numbers(seed);
  const all: Figures[] = [];
  while (sum(all, 'kills') < count) {
    const gateway = await openKilledGateway();
    try {
      const kills = Math.min(KILLS_PER_FOLDER, count - sum(all, 'kills'));
      for (let kill = 1; kill <= kills; kill++) await gateway.round(below);
      await gateway.check();
      all.push(gateway.figures);
    } finally {
      await gateway.close();
    }
    say(describe(all));
  }
  if (callsPerSecond(all) < CALLS_PER_SECOND_MIN)
    throw new Error(`only ${callsPerSecond(all)} calls a second: the machine is too busy for this to count`);
}

const sum = (all: readonly Figures[], name: keyof Figures): number =>
  all.reduce((total, figures) => total + figures[name], 0);

const callsPerSecond = (all: readonly Figures[]): number =>
  Math.round((1_000 * sum(all, 'loadAnswers')) / sum(all, 'loadMs'));

const describe = (all: readonly Figures[]): string =>
  `${sum(all, 'kills')} kills of the gateway, ${sum(all, 'stdioKills')} of sallyport stdio; ` +
  `${sum(all, 'executed')} calls executed, ${sum(all, 'answered')} answered, ${sum(all, 'unknown')} cut off; ` +
  `${callsPerSecond(all)} calls a second`;
