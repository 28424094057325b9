/** Programs of others end in time, with all that they started. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram } from './programs.ts';
import { SERVERS } from './servers.ts';
import { tryInstalled } from './try-server.ts';

const cwd = tmpdir();
const ENDLESS = 'setInterval(() => {}, 1000)';
const node = (script: string): string[] => [process.execPath, '--eval', script];

describe('a program of others', () => {
  it('is ended when it does not end by itself', async () => {
    await expect(runProgram(node(ENDLESS), { cwd, timeoutMs: 1 })).rejects.toThrow('it did not end in 0.001 s');
  });

  it('that leaves a process behind, which holds its output, ends with that process', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const left = spawn(process.execPath, ['--eval', ${JSON.stringify(ENDLESS)}], { stdio: 'inherit' });
      process.stdout.write(String(left.pid), () => process.exit(0));`;
    const left = Number(await runProgram(node(script), { cwd }));
    await expect.poll(() => isRunning(left), { timeout: 60_000 }).toBe(false);
  });

  it('that does not exist is told of', async () => {
    await expect(runProgram(['/no/such/program'], { cwd })).rejects.toThrow('ENOENT');
  });
});

it('a server that does not run here is skipped with the reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-foreign-test-'));
  const server = SERVERS.find(({ name }) => name === 'everything');
  const tried = server && (await tryInstalled(server, '/no/such/folder', folder));
  rmSync(folder, { recursive: true, force: true });
  expect(tried).toMatchObject({ skipped: expect.stringContaining('does not run here'), faults: [] });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
