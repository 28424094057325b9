/** Kills, power cuts, flipped bits, bad disks and long hours, by the number: `--help` says how. */
import { parseArgs } from 'node:util';
import useTempFolder from '../fixtures/temp-folder.ts';

const HELP = `npm run faults -- kills [500]     kills a whole gateway under load so many times
npm run faults -- cuts [1000]     cuts the power so often: what was not synced is lost
npm run faults -- flips [5000]    flips so many bits of the data of a gateway, one at a time
npm run faults -- disk [500]      full, failing and slow disks, no descriptors, a clock that jumps; so many rounds
npm run faults -- soak            a gateway with churn: --minutes 30, --calls 20 (a second)

  --seed N     repeats a run; without it each run is another one, and prints its seed

Each ends with code 1 at the first thing that is wrong, and says what. Small versions run with the tests.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '30' },
    calls: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});
const [what, count] = positionals;
const seed = Number(values.seed ?? Date.now() % 1_000_000);

/** Imported when it is used, so that `--help` costs nothing. */
const COMMANDS: Readonly<Record<string, () => Promise<void>>> = {
  kills: async () => (await import('./kills.ts')).runKills(Number(count ?? 500), seed),
  soak: async () => (await import('./soak.ts')).runSoak(Number(values.minutes), Number(values.calls), seed),
  flips: async () => (await import('./many-flips.ts')).runFlips(Number(count ?? 5_000), seed),
  disk: async () => (await import('./many-bad-disks.ts')).runBadDisks(Number(count ?? 500), seed),
  cuts: async () => (await import('./many-cuts.ts')).runCuts(Number(count ?? 1_000), seed),
};

const command = COMMANDS[what ?? ''];
if (values.help || command === undefined) {
  process.stdout.write(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  process.stdout.write(`seed ${seed}\n`);
  const removeFolder = useTempFolder();
  try {
    await command();
  } finally {
    removeFolder();
  }
}
