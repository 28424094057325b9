/**
 * `npm test`: installs when needed, builds, runs every test on the Node.js that the project brings. Plain old
 * JavaScript, because it runs on whatever Node.js the machine has. Its last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboard } from './dashboard.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  return status === null ? 1 : status;
}

function step(name, command, args) {
  process.stdout.write(`\n== ${name}\n`);
  const status = run(command, args);
  if (status !== 0) {
    process.stdout.write(`${name} failed\n0 passed, 1 failed\n`);
    process.exit(1);
  }
}

const node = join('node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
if (!existsSync('node_modules')) step('install', 'npm', ['ci', '--no-audit', '--no-fund']);
step('build', node, ['node_modules/typescript/bin/tsc', '-b']);
buildDashboard();

const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
const report = join(folder, 'report.json');
process.stdout.write('\n== tests\n');
const status = run(node, [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
let passed = 0;
let failed = 1;
let skipped = 0;
if (existsSync(report)) {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed = result.numPassedTests;
  skipped = result.numPendingTests + result.numTodoTests;
  // A file that could not be loaded has no tests to fail, so it counts as one.
  failed =
    result.numFailedTests +
    result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
}
if (status !== 0 && failed === 0) failed = 1;
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`\n${skipped} skipped\n${passed} passed, ${failed} failed\n`);
process.exit(failed > 0 ? 1 : 0);
