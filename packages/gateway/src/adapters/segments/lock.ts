import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Makes sure that one process has the log open. A lock whose process is gone is taken over. @throws Error naming the holder. */
export function lockFolder(folder: string): { release(): void } {
  const file = join(folder, 'lock');
  for (let attempt = 0; ; attempt++) {
    try {
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, String(process.pid));
      closeSync(fd);
      return { release: () => unlinkSync(file) };
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
      const holder = Number(readFileSync(file, 'utf8'));
      if (attempt > 0 || isAlive(holder)) throw new Error(`the audit log in ${folder} is open in process ${holder}; stop it first`, { cause: thrown });
      unlinkSync(file);
    }
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
