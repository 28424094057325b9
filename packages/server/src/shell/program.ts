/** Finds a program once, at the start: what the search path of a call says does not matter. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

/** Where a program without a folder is looked for. */
const FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'];
/** What runs other programs, or takes a text for a program. */
const SHELLS =
  /^(a|ba|da|z|k|mk|fi|c|tc|r?ba)?sh$|^(busybox|toybox|cmd|powershell|pwsh|env|xargs|sudo|doas|su|nohup|setsid)$/;
const LAUNCHERS = /^(npx|npm|pnpm|pnpx|yarn|bunx|uvx|pipx|watch|timeout|nice|ssh|find|parallel|script|expect)$/;
const OTHERS_MAY_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * @param program an absolute path, or a name that is looked for in the folders of the system.
 * @returns the real path of the program.
 * @throws Error when there is none, when everybody may change it, or when it runs other programs and that is not
 * allowed.
 */
export function resolveProgram(program: string, launcher: 'allowed' | undefined): string {
  const candidates = isAbsolute(program) ? [program] : FOLDERS.map((folder) => join(folder, program));
  if (!isAbsolute(program) && basename(program) !== program)
    throw new Error(`a program is an absolute path or a name: ${program}`);
  const found = candidates.find(isExecutable);
  if (found === undefined) throw new Error(`there is no program ${program}`);
  const real = realpathSync(found);
  const names = [basename(found), basename(real)].map((name) => name.toLowerCase().replace(/\.(exe|cmd|bat|ps1)$/, ''));
  if (launcher !== 'allowed' && names.some((name) => SHELLS.test(name) || LAUNCHERS.test(name)))
    throw new Error(`${program} runs other programs: name the one that is meant, or set launcher: 'allowed'`);
  if (/\.(cmd|bat)$/i.test(real)) throw new Error(`${program} is run by a shell, which reads its arguments`);
  for (const path of [real, dirname(real)]) if (isWritableByAll(path)) throw new Error(`everybody may change ${path}`);
  return real;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isWritableByAll(path: string): boolean {
  const { mode } = statSync(path);
  return (mode & OTHERS_MAY_WRITE) !== 0 && (mode & STICKY) === 0;
}
