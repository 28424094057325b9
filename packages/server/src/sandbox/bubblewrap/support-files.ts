/** Files that all programs share which bubblewrap confines, in a private folder that ends with this process. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seccompFilter, type FilteredArchitecture } from '../seccomp/filter.ts';
import { makeTemporaryFolder } from '../temporary-folder.ts';
import type { SupportFiles } from './arguments.ts';

const FILES: Readonly<Record<string, string>> = {
  passwd: 'nobody:x:65534:65534:nobody:/tmp:/usr/sbin/nologin\n',
  group: 'nogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
};

const FILTER = 'filter';
const COUNTED_FILTER = 'filter-counted';

let made: SupportFiles | undefined;

/** Made when it is first asked for. */
export function supportFiles(architecture: FilteredArchitecture): SupportFiles {
  made ??= makeFiles(architecture);
  return made;
}

/** The file with the filter. */
export const filterFile = ({ folder }: SupportFiles, countsProcessesOnly: boolean): string =>
  join(folder, countsProcessesOnly ? COUNTED_FILTER : FILTER);

/** Writes them again when a cleaner of temporary folders took them. @throws Error when somebody took their place. */
export function keepSupportFiles(files: SupportFiles, architecture: FilteredArchitecture): void {
  if ([...Object.keys(FILES), FILTER, COUNTED_FILTER].every((name) => existsSync(join(files.folder, name)))) return;
  rmSync(files.folder, { recursive: true, force: true });
  // Fails when the folder is there: another user could have made it.
  mkdirSync(files.folder, { mode: 0o755 });
  writeFiles(files, architecture);
}

function makeFiles(architecture: FilteredArchitecture): SupportFiles {
  const folder = makeTemporaryFolder();
  // A user that owns nothing must reach them.
  chmodSync(folder, 0o755);
  writeFiles({ folder }, architecture);
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { folder };
}

function writeFiles(files: SupportFiles, architecture: FilteredArchitecture): void {
  const write = (path: string, content: string | Buffer): void => writeFileSync(path, content, { mode: 0o644 });
  for (const [name, text] of Object.entries(FILES)) write(join(files.folder, name), text);
  for (const isCounted of [false, true]) write(filterFile(files, isCounted), seccompFilter(architecture, isCounted));
}
