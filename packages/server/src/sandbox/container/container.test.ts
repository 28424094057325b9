/** Containers by podman, with an image that is made of files of this machine: the same attacks, a few in each run. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../index.ts';
import { LIMITS, processesWith } from '../testing/kinds.mts';

const IMAGE = `localhost/sallyport-test:${process.pid}`;
const PROGRAMS = ['cat', 'head', 'id', 'ls', 'rm', 'sleep', 'tr', 'wc', 'yes'].map((name) => `/usr/bin/${name}`);

/** A root with a shell, some programs and their libraries. */
function buildImage(): void {
  const root = mkdtempSync(join(tmpdir(), 'image-'));
  const copy = (from: string, to = from): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(from, join(root, to));
  };
  for (const program of ['/bin/sh', ...PROGRAMS]) {
    copy(program);
    const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g);
    for (const [, library = ''] of libraries) copy(library);
  }
  for (const folder of ['tmp', 'proc', 'dev', 'sys', 'etc', 'work']) mkdirSync(join(root, folder), { recursive: true });
  // Its own user could write there.
  mkdirSync(join(root, 'open'));
  chmodSync(join(root, 'open'), 0o777);
  execFileSync('sh', ['-c', 'tar -C "$1" -c . | podman import - "$2"', 'sh', root, IMAGE], { stdio: 'ignore' });
  rmSync(root, { recursive: true });
}

async function openSandbox(): Promise<Sandbox | undefined> {
  try {
    buildImage();
    const options = { languages: ['shell'], kinds: ['podman'], images: { shell: IMAGE }, limits: LIMITS } as const;
    return await createSandbox({ ...options, runsMax: 2 });
  } catch (error) {
    process.stderr.write(`skipped: ${(error as Error).message.split('\n')[0]}\n`);
    return undefined;
  }
}

const sandbox = await openSandbox();
const shell = (code: string, signal?: AbortSignal) =>
  (sandbox as Sandbox).run({ language: 'shell', code, ...(signal && { signal }) });
afterAll(() => {
  if (sandbox !== undefined) execFileSync('podman', ['rmi', '--force', IMAGE], { stdio: 'ignore' });
});

describe.skipIf(sandbox === undefined)('podman', () => {
  it('X4 X5 X6 X7 X11 nothing of the host is there, no rights and no network', async () => {
    const { stdout, using, endedBy } = await shell(`
      id -u; cat /proc/self/status | while read -r name value; do
        case $name in CapEff:|CapBnd:|NoNewPrivs:) echo $value ;; esac; done
      while read -r name rest; do case $name in *:) echo $name ;; esac; done < /proc/net/dev
      for file in /x /open/x /usr/x /work/x /proc/sys/kernel/core_pattern /etc/passwd; do
        (: > $file) 2>/dev/null && echo wrote $file; done
      [ -e /proc/${process.pid} ] && echo seen; kill -9 ${process.pid} 2>/dev/null && echo killed
      cat /etc/shadow /root/* 2>/dev/null; echo $HOME $VITEST; kill -9 1; echo after; true`);
    expect([using, endedBy]).toEqual(['podman', 'exit']);
    const none = '0000000000000000';
    expect(stdout).toBe(['65534', none, none, '1', 'lo:', '/tmp', 'after', ''].join('\n'));
  });

  it('X1 the number of processes is limited', async () => {
    const { stdout } = await shell('n=0; while [ $n -lt 100 ] && sleep 1000 & do n=$((n + 1)); echo $n; done');
    expect(stdout.trim().split('\n').length).toBeLessThan(LIMITS.processes);
  });

  it('X2 memory is limited, and that of files', async () => {
    const text = "x=$(head -c 200000000 /dev/zero | tr '\\0' x); sleep 1000";
    expect((await shell(text)).endedBy).toBe('memory');
    const file = 'head -c 33554432 /dev/zero > /tmp/large; wc -c < /tmp/large';
    expect(Number((await shell(file)).stdout)).toBeLessThanOrEqual(LIMITS.scratchBytes);
  });

  it('X3 X8 what a caller cancels is gone, daemons too', async () => {
    const mark = `sleep 100${process.pid}`;
    const abort = new AbortController();
    const running = shell(`(${mark} &) ; ${mark}`, abort.signal);
    await expect.poll(() => processesWith(mark.replace(' ', '\0')).length, { timeout: 50_000 }).toBeGreaterThan(1);
    abort.abort();
    expect((await running).endedBy).toBe('cancelled');
    expect(processesWith(mark.replace(' ', '\0'))).toEqual([]);
  });

  it('X9 a flood of output is cut off', async () => {
    const { endedBy, stdout } = await shell('yes');
    expect([endedBy, stdout.length]).toEqual(['output', LIMITS.outputBytesMax]);
  });
});

it('a container needs an image, and says so', async () => {
  await expect(createSandbox({ languages: ['python'], kinds: ['podman', 'docker'] })).rejects.toThrow(
    /podman: (is not installed|no image is named for python|podman is not installed)/,
  );
});
