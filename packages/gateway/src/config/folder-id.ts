/** What a data folder is told from others by: `<data>/folder-id`, made on the first start. It is no secret. */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The id of the folder. Of two processes that start together, both get the same. */
export function openFolderId(dataFolder: string): string {
  const file = join(dataFolder, 'folder-id');
  const read = (): string | undefined => {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw thrown;
    }
  };
  const known = read();
  if (known !== undefined) return known;
  const id = randomBytes(16).toString('hex');
  const fresh = `${file}.${id}`;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  writeFileSync(fresh, `${id}\n`, { flag: 'wx', mode: 0o600 });
  try {
    linkSync(fresh, file);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    unlinkSync(fresh);
  }
  return read() ?? id;
}
