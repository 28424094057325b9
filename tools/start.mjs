/**
 * `npm start` on a fresh checkout: installs, builds, starts the demo. Plain JavaScript that the machine's own Node.js
 * (20 or later) can run; what it starts runs on the Node.js that the project brings.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboard } from './dashboard.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
const shell = process.platform === 'win32';

/** Runs one step and ends the program when it fails. */
function step(what, command, args) {
  process.stderr.write(`${what}…\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell });
  if (status === 0) return;
  process.stderr.write(
    `${what} failed${error ? `: ${error.message}` : ''}. To see why: ${command} ${args.join(' ')}\n`,
  );
  process.exit(1);
}

function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

/** `tsc -b` writes this file last. */
function stale(name) {
  const info = join(root, 'packages', name, 'dist', '.tsbuildinfo');
  const source = join(root, 'packages', name, 'src');
  return (
    !existsSync(info) ||
    (!existsSync(join(root, 'packages', name, 'dist', 'index.js')) &&
      !existsSync(join(root, 'packages', name, 'dist', 'main.js'))) ||
    newest(source) > statSync(info).mtimeMs
  );
}

if (!existsSync(node)) step('Installing', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
if (stale('guard') || stale('gateway'))
  step('Building', node, [join('node_modules', 'typescript', 'bin', 'tsc'), '-b', 'packages/gateway']);
buildDashboard();

const child = spawn(
  node,
  [join('packages', 'gateway', 'bin', 'sallyport.js'), 'start', '--demo', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', shell },
);
// Ctrl-C reaches the child by itself; the others are passed on, and this process ends when the child has.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
