/**
 * Builds the dashboard into the gateway's package, unless what is there was built from the same sources. Plain
 * JavaScript that the machine's own Node.js can run; Vite runs on the Node.js that the project brings.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'packages', 'dashboard');
const target = join(root, 'packages', 'gateway', 'dist', 'dashboard');

/** What a build depends on. Tests and fixtures are not built in. */
const SOURCES = ['src', 'public', 'index.html', 'package.json', 'tsconfig.json', 'vite.config.ts'];
const COMPRESSED = new Set(['.html', '.js', '.css', '.svg']);

function filesIn(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const inside = join(path, entry.name);
    return entry.isDirectory() ? filesIn(inside) : [inside];
  });
}

function digestOfSources() {
  const hash = createHash('sha256');
  const files = SOURCES.flatMap((name) => {
    const path = join(source, name);
    return extname(name) === '' ? filesIn(path) : [path];
  });
  files.push(join(root, 'package-lock.json'), fileURLToPath(import.meta.url));
  for (const file of files.sort()) {
    if (/\.test\.tsx?$/.test(file)) continue;
    hash
      .update(`${file.slice(root.length).replaceAll('\\', '/')}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Beside each file, so that the gateway serves what is small without compressing anything. */
function compress(folder) {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  for (const file of filesIn(folder)) {
    if (!COMPRESSED.has(extname(file))) continue;
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, quality));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

/** Two builds at the same time end with one of the two, whole. */
function replaceFolder(built) {
  const old = `${built}-old`;
  try {
    if (existsSync(target)) renameSync(target, old);
    renameSync(built, target);
  } catch (thrown) {
    if (!existsSync(join(target, 'index.html'))) throw thrown;
    rmSync(built, { recursive: true, force: true });
  }
  rmSync(old, { recursive: true, force: true });
}

/** @returns whether a build was needed. @throws Error with the output of Vite when it fails. */
export function buildDashboard() {
  const digest = digestOfSources();
  const mark = join(target, 'sources.sha256');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return false;
  const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const built = `${target}-${process.pid}`;
  mkdirSync(dirname(target), { recursive: true });
  const { status, stdout, stderr } = spawnSync(
    node,
    [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--outDir', built, '--logLevel', 'warn'],
    {
      cwd: source,
      encoding: 'utf8',
      shell: process.platform === 'win32',
      env: { ...process.env, NODE_ENV: 'production' },
    },
  );
  if (status !== 0) {
    rmSync(built, { recursive: true, force: true });
    throw new Error(`the dashboard could not be built: ${stdout ?? ''}${stderr ?? ''}`);
  }
  compress(built);
  writeFileSync(join(built, 'sources.sha256'), digest);
  replaceFolder(built);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stderr.write(buildDashboard() ? 'the dashboard is built\n' : 'the dashboard is up to date\n');
}
