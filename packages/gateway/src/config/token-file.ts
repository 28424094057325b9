/** A file with the credential of a user. */
import { readFileSync, statSync } from 'node:fs';

const OTHERS = 0o077;

/** @throws Error with a sentence for the user when it cannot be read, or others can read it. */
export function readTokenFile(file: string): string | undefined {
  let mode: number;
  let text: string;
  try {
    mode = statSync(file).mode;
    text = readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw new Error(`SALLYPORT_TOKEN_FILE: ${file} cannot be read (${code ?? 'error'})`, { cause: thrown });
  }
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
    throw new Error(`SALLYPORT_TOKEN_FILE: others may read ${file}; take it from them: chmod 600 ${file}`);
  return text === '' ? undefined : text;
}
