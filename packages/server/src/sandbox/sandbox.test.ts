/** What an author sees of a sandbox: which one it is, what a run returns, and that there is no run without one. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { supportFiles } from './bubblewrap/support-files.ts';
import { createSandbox } from './index.ts';
import { PROCESS_SANDBOXES } from './testing/kinds.mts';

const hasBubblewrap = PROCESS_SANDBOXES.length > 0;
const MEBIBYTE = 1024 ** 2;

describe.skipIf(!hasBubblewrap)('a sandbox of bubblewrap', () => {
  it('says what it is, and runs JavaScript, shell and, where it is installed, Python', async () => {
    const languages = [
      'javascript',
      'shell',
      ...(existsSync('/usr/bin/python3') ? (['python'] as const) : []),
    ] as const;
    const sandbox = await createSandbox({ languages, kinds: ['bubblewrap'] });
    expect(sandbox.using).toBe('bubblewrap');
    expect(Object.keys(sandbox.enforcement)).toEqual(['memory', 'processes']);
    const code = { javascript: 'console.log(6 * 7)', shell: 'echo $((6 * 7))', python: 'print(6 * 7)' };
    for (const language of languages) {
      const result = await sandbox.run({ language, code: code[language] });
      expect(result).toEqual({ using: 'bubblewrap', exitCode: 0, stdout: '42\n', stderr: '', endedBy: 'exit' });
    }
  });

  it('returns exit code, both outputs, and what was read from standard input', async () => {
    const sandbox = await createSandbox({ languages: ['shell'], kinds: ['bubblewrap'] });
    const result = await sandbox.run({ language: 'shell', code: 'cat; echo problem >&2; exit 3', stdin: 'given' });
    expect(result).toMatchObject({ exitCode: 3, stdout: 'given', stderr: 'problem\n', endedBy: 'exit' });
    const killed = await sandbox.run({ language: 'shell', code: 'kill -SEGV $$' });
    expect(killed).toMatchObject({ exitCode: 128 + 11, endedBy: 'signal' });
  });

  it('goes on when a cleaner of temporary folders took its files', async () => {
    const sandbox = await createSandbox({ languages: ['shell'], kinds: ['bubblewrap'] });
    const { folder } = supportFiles(process.arch as 'x64');
    rmSync(join(folder, 'filter'));
    rmSync(join(folder, 'passwd'));
    expect(await sandbox.run({ language: 'shell', code: 'grep Seccomp: /proc/self/status' })).toMatchObject({
      stdout: expect.stringContaining('2') as string,
    });
  });

  it('refuses a run beyond those that may run at once', async () => {
    const sandbox = await createSandbox({ languages: ['shell'], kinds: ['bubblewrap'], runsMax: 1 });
    const abort = new AbortController();
    const first = sandbox.run({ language: 'shell', code: 'sleep 1000', signal: abort.signal });
    await expect(sandbox.run({ language: 'shell', code: 'true' })).rejects.toMatchObject({
      code: 'BUSY',
      retryAfter: 1,
    });
    abort.abort();
    expect(await first).toMatchObject({ endedBy: 'cancelled', exitCode: undefined });
    expect(await sandbox.run({ language: 'shell', code: 'true' })).toMatchObject({ exitCode: 0 });
  });

  it('runs nothing where namespaces are forbidden, and says what to do', () => {
    const script = `
      const { createSandbox } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))});
      const made = await createSandbox({ languages: ['shell'], kinds: ['bubblewrap'] }).catch((error) => error);
      process.stdout.write(made.name + ': ' + made.message);`;
    const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
    const node = [process.execPath, '--conditions=sallyport-source', '--input-type=module', '-e', script];
    const { stdout } = spawnSync('unshare', ['-Ur', 'sh', '-c', forbid, 'sh', ...node], { encoding: 'utf8' });
    expect(stdout).toMatch(/^SandboxUnavailable: There is no sandbox.*user namespaces are forbidden.*sysctl user/);
  });
});

it.each([
  { memoryBytes: 1 * MEBIBYTE },
  { timeoutMs: 0 },
  { timeoutMs: 2 ** 31 },
  { processes: 1.5 },
  { outputBytesMax: Number.POSITIVE_INFINITY },
])('a limit that is none is refused: %j', async (limits) => {
  await expect(createSandbox({ languages: ['shell'], limits })).rejects.toThrow(RangeError);
});

it('without a kind that works there is no sandbox', async () => {
  await expect(createSandbox({ languages: ['shell'], kinds: [] })).rejects.toMatchObject({
    name: 'SandboxUnavailable',
  });
});
