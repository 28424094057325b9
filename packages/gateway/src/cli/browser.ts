/** Opens an address in the browser of whoever sits at this computer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { browserEnvironment, type Environment } from '../config.ts';

/** A program that still runs after so long has found a browser: some stay until the browser ends. */
const STARTED_MS = 2_000;

/**
 * No shell reads the address. On Windows that is why it is not `start`, which is a command of the shell.
 *
 * @returns `undefined` where there is no screen; a browser of a terminal would take the terminal over.
 */
export function browserCommand(
  platform: NodeJS.Platform,
  environment: Environment,
): readonly [program: string, ...before: string[]] | undefined {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return (environment['DISPLAY'] ?? '') === '' && (environment['WAYLAND_DISPLAY'] ?? '') === ''
    ? undefined
    : ['xdg-open'];
}

/** @returns whether a browser was found. */
export async function openBrowser(url: string, environment: Environment): Promise<boolean> {
  const variables = browserEnvironment(environment);
  const command = browserCommand(process.platform, variables);
  if (command === undefined) return false;
  const [program, ...before] = command;
  const child = spawn(program, [...before, url], { stdio: 'ignore', detached: true, env: variables });
  try {
    const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(STARTED_MS) })) as [number | null];
    return code === 0;
  } catch (thrown) {
    return thrown instanceof Error && thrown.name === 'AbortError';
  } finally {
    // Only now: nothing else keeps this process until the answer is there.
    child.unref();
  }
}
