/**
 * `npm run check`: what CI runs. Types, lint, dead code, then every test (boundaries, sizes and docs drift are tests).
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
const node = join('node_modules', '.bin', 'node');
if (!existsSync('node_modules')) spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { stdio: 'inherit' });

const steps = [
  ['types', ['node_modules/typescript/bin/tsc', '-b']],
  ['types of tests, bench and tools', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.check.json']],
  ['types of the dashboard', ['node_modules/typescript/bin/tsc', '-p', 'packages/dashboard']],
  ['format', ['node_modules/oxfmt/bin/oxfmt', '--check', '.']],
  ['lint', ['node_modules/oxlint/bin/oxlint', '--deny-warnings']],
  ['dead code', ['node_modules/knip/bin/knip.js']],
];
let failed = 0;
for (const [name, args] of steps) {
  process.stdout.write(`\n== ${name}\n`);
  const { status } = spawnSync(node, args, { stdio: 'inherit' });
  if (status !== 0) {
    failed += 1;
    process.stdout.write(`${name} failed\n`);
  }
}
const tests = spawnSync(node, ['tools/test.mjs'], {
  stdio: ['inherit', 'pipe', 'inherit'],
  encoding: 'utf8',
  maxBuffer: 256 * 1024 * 1024,
});
const lines = tests.stdout.trimEnd().split('\n');
const last = /^(\d+) passed, (\d+) failed$/.exec(lines.at(-1) ?? '');
process.stdout.write(`${lines.slice(0, -1).join('\n')}\n`);
// Each step counts as one more test, so that the closing line says the whole truth.
process.stdout.write(
  `${Number(last?.[1] ?? 0) + steps.length - failed} passed, ${Number(last?.[2] ?? 1) + failed} failed\n`,
);
process.exit(tests.status !== 0 || failed > 0 ? 1 : 0);
