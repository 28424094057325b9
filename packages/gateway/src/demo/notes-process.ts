/** The notes server in a process of its own, for as long as the demo runs. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A running notes server. */
export interface NotesProcess {
  readonly port: number;
  stop(): Promise<void>;
}

const START_MS = 15_000;
const PROGRAM = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './notes-server.ts' : './notes-server.js', import.meta.url),
);

/** The credential between gateway and notes, made once, readable by its owner only. */
export function openNotesToken(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
}

/** @throws Error with a sentence for the operator when the process does not come up. */
export function startNotes(port: number, tokenFile: string): Promise<NotesProcess> {
  const child = spawn(process.execPath, [PROGRAM, String(port), tokenFile], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {},
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const kill = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await ended;
    clearTimeout(kill);
  };
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    const failed = (why: string): void => {
      clearTimeout(timeout);
      child.kill('SIGKILL');
      reject(new Error(`the notes server of the demo did not start: ${why}`));
    };
    const timeout = setTimeout(() => failed('it took too long'), START_MS);
    child.once('error', (error) => failed(error.message));
    const exited = (): void =>
      failed(err.includes('EADDRINUSE') ? `127.0.0.1:${port} is in use by another process` : err.slice(0, 300));
    child.once('exit', exited);
    child.stderr.on('data', (chunk: Buffer) => {
      if (err.length < 4096) err += chunk.toString();
    });
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const match = /listening (\d+)/.exec(out);
      if (match === null) return;
      clearTimeout(timeout);
      child.off('exit', exited);
      child.stdout.removeAllListeners('data').resume();
      resolve({ port: Number(match[1]), stop });
    });
  });
}
