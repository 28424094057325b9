/** Files that all programs share which bubblewrap confines, in a private folder that ends with this process. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seccompFilter, type FilteredArchitecture } from '../seccomp/filter.ts';
import { sharedTemporaryFolder } from '../temporary-folder.ts';
import type { SupportFiles } from './arguments.ts';

const FILES: Readonly<Record<string, string>> = {
  passwd: 'nobody:x:65534:65534:nobody:/tmp:/usr/sbin/nologin\n',
  group: 'nogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
};

let made: SupportFiles | undefined;

/** Made when it is first asked for. */
export function supportFiles(architecture: FilteredArchitecture): SupportFiles {
  made ??= makeFiles(architecture);
  return made;
}

/** The file with the filter. */
export const filterFile = ({ folder }: SupportFiles, countsProcessesOnly: boolean): string =>
  join(folder, countsProcessesOnly ? 'filter-counted' : 'filter');

function makeFiles(architecture: FilteredArchitecture): SupportFiles {
  const folder = mkdtempSync(join(sharedTemporaryFolder(), 'sallyport-sandbox-'));
  // A user that owns nothing must reach them.
  chmodSync(folder, 0o755);
  const files = { folder };
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text, { mode: 0o644 });
  writeFileSync(filterFile(files, false), seccompFilter(architecture, false), { mode: 0o644 });
  writeFileSync(filterFile(files, true), seccompFilter(architecture, true), { mode: 0o644 });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return files;
}
