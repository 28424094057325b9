/** A copy of the checkout, in which files are changed and tests run, so that the checkout itself is never touched. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Copies what git tracks or would track; a file that an interrupted run left changed is put right by that.
 *
 * @returns the folder of the copy, the same each time.
 */
export function copyCheckout(root: string): string {
  const folder = join(tmpdir(), `sallyport-mutants-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`);
  const paths = filesOf(root);
  for (const path of paths) {
    const bytes = readFileSync(join(root, path));
    const copy = join(folder, path);
    if (existsSync(copy) && readFileSync(copy).equals(bytes)) continue;
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, bytes);
  }
  removeOthers(folder, paths);
  for (const path of ['', 'packages/gateway', 'packages/guard', 'packages/server']) linkModules(root, folder, path);
  return folder;
}

function filesOf(root: string): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return [...new Set(listed.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)));
}

/** Where the runner keeps its notes, inside the copy. */
export const STATE = '.mutants';

/** Removes what the checkout had when it was last copied and has no longer. */
function removeOthers(folder: string, paths: readonly string[]): void {
  const list = join(folder, STATE, 'files.json');
  const copied = existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as string[]) : [];
  const kept = new Set(paths);
  for (const path of copied) if (!kept.has(path)) rmSync(join(folder, path), { force: true });
  mkdirSync(dirname(list), { recursive: true });
  writeFileSync(list, JSON.stringify(paths));
}

/**
 * Packages are links to those of the checkout. The packages of the workspace are relative links, which are copied as
 * they are, so that they lead into the copy.
 */
function linkModules(root: string, folder: string, path: string): void {
  const from = join(root, path, 'node_modules');
  const to = join(folder, path, 'node_modules');
  if (!existsSync(from) || existsSync(to)) return;
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const isOwn = entry.name === '@sallyport' || entry.isSymbolicLink();
    if (isOwn) cpSync(join(from, entry.name), join(to, entry.name), { recursive: true, verbatimSymlinks: true });
    else if (!entry.name.startsWith('.v')) symlinkSync(join(from, entry.name), join(to, entry.name));
  }
}
