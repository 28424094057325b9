/** Code that tries to leave each sandbox of processes that works here, or to use more than it may. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeLeft, sharedTemporaryFolder } from './temporary-folder.ts';
import { LIMITS, PROCESS_SANDBOXES, processesWith } from './testing/kinds.mts';

/** One statement of Perl, which every Debian has. */
const perl = (code: string): string => `perl -e '${code.replaceAll("'", `'"'"'`)}'`;
const MEBIBYTE = 1024 ** 2;
const canary = `canary-${randomUUID()}`;
let folder: string;
let server: Server;
let accepted = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-attack-'));
  writeFileSync(join(folder, 'canary'), canary);
  server = createServer((socket) => {
    accepted++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
const port = (): number => (server.address() as { port: number }).port;

describe.skipIf(PROCESS_SANDBOXES.length === 0).each(PROCESS_SANDBOXES)('$name', ({ name, shell }) => {
  /** What is the same whoever the user is. */
  const isOther = name === 'bubblewrap as root';
  it('X1 a process that forks without end reaches the number of processes, and goes no further', async () => {
    const forks = perl(
      'my $n = 0; while ($n < 150 && defined(my $pid = fork)) { if (!$pid) { sleep 1000; exit } $n++ } print $n; select undef, undef, undef, 0.3',
    );
    const { stdout, endedBy } = await shell(forks);
    // The kernel does not hold root to a number, so that there the whole is ended.
    expect(name === 'bubblewrap as root' ? ['processes', 'memory'] : ['exit']).toContain(endedBy);
    expect(Number(stdout)).toBeLessThan(LIMITS.processes);
  });

  describe('X2 memory', () => {
    it('of one process is limited', async () => {
      const { endedBy } = await shell(perl(`$text = "x" x ${200 * MEBIBYTE}; sleep 1000`));
      expect(endedBy).toBe('memory');
    });

    it('of many processes is limited together', async () => {
      const child = 'if (!fork) { $text = "x" x 20_000_000; sleep 1000; exit }';
      const { endedBy } = await shell(perl(`for (1 .. 8) { ${child} } sleep 1000`));
      expect(endedBy).toBe('memory');
    });

    it.each(['/tmp', '/dev/shm'])('of files in %s is limited', async (path) => {
      const { stdout } = await shell(`head -c ${32 * MEBIBYTE} /dev/zero > ${path}/large; stat -c %s ${path}/large`);
      expect(Number(stdout)).toBeLessThanOrEqual(LIMITS.scratchBytes);
    });

    it('outside of processes is limited too', async () => {
      const size = 128 * MEBIBYTE;
      const segment = `my $id = shmget(0, ${size}, 0600 | 01000); print defined $id ? "made" : "refused";`;
      const fill = `if (defined $id) { shmwrite($id, "x" x ${MEBIBYTE}, $_ * ${MEBIBYTE}, ${MEBIBYTE}) for 0 .. 127 }`;
      const { stdout, endedBy } = await shell(perl(`$| = 1; ${segment} ${fill} print " filled"`));
      expect(endedBy === 'memory' || stdout === 'refused filled').toBe(true);
    });
  });

  describe.skipIf(isOther)('X3 time', () => {
    it('a loop without an end is ended', async () => {
      const { endedBy, exitCode } = await shell('echo begun; while :; do :; done', { timeoutMs: 300 });
      expect([endedBy, exitCode]).toEqual(['time', undefined]);
    });

    it('the time of the processor is counted over all processes', async () => {
      const loops = 'for n in 1 2 3; do (while :; do :; done) & done; wait';
      expect((await shell(loops, { cpuTimeMs: 300 })).endedBy).toBe('cpu');
    });

    it('sleeping without an end is ended, and a caller that cancels is not kept', async () => {
      const abort = new AbortController();
      const running = shell('sleep 1000', {}, abort.signal);
      abort.abort();
      expect((await running).endedBy).toBe('cancelled');
    });
  });

  describe.skipIf(isOther)('X4 the network', () => {
    const connect = (host: string, to: number): string =>
      perl(
        `use Socket; socket(S, PF_INET, SOCK_STREAM, 0) or die "socket: $!"; ` +
          `connect(S, pack_sockaddr_in(${to}, inet_aton("${host}"))) ? print "connected" : print "$!"`,
      );

    it('of the host cannot be reached, its loopback included', async () => {
      const { stdout } = await shell(connect('127.0.0.1', port()));
      expect(stdout).toBe('Connection refused');
      expect(accepted).toBe(0);
    });

    it.each(['169.254.169.254', '10.0.0.1', '1.1.1.1'])('there is no way to %s', async (host) => {
      expect((await shell(connect(host, 80))).stdout).toBe('Network is unreachable');
    });

    it('there are no sockets of kinds that pass namespaces by', async () => {
      const kinds = 'for my $family (40, 17, 38, 31) { print socket(S, $family, 2, 0) ? "made " : "refused " }';
      expect((await shell(perl(kinds))).stdout.trim()).toBe('refused refused refused refused');
    });

    it('abstract sockets of the host are not there', async () => {
      const abstract = `sallyport-${randomUUID()}`;
      const listener = createServer().listen(`\0${abstract}`);
      await once(listener, 'listening');
      const code = 'use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0) or die; ';
      const dial = `print connect(S, pack_sockaddr_un("\\0${abstract}")) ? "connected" : "$!"`;
      expect((await shell(perl(code + dial))).stdout).toBe('Connection refused');
      listener.close();
    });
  });

  describe('X5 the host', () => {
    it('a file outside cannot be read, by its path or through /proc', async () => {
      const paths = ['', '/proc/1/root', '/proc/self/root', '/work/../..', `/proc/${process.pid}/root`];
      const reads = paths.map((root) => `cat ${root}${join(folder, 'canary')} /etc/shadow /root/.* /home/*`);
      const { stdout } = await shell(reads.join('; '));
      expect(stdout).toBe('');
    });

    it('a link that is changed while it is followed leads nowhere outside', async () => {
      const target = join(folder, 'canary');
      const swap = `while :; do ln -sfn ${target} /tmp/link; ln -sfn /work/main.sh /tmp/link; done`;
      const read = 'n=0; while [ $n -lt 60 ]; do cat /tmp/link 2>/dev/null; n=$((n + 1)); done';
      const { stdout, endedBy } = await shell(`echo first; ${swap} & ${read}`);
      expect([stdout.startsWith('first'), stdout.includes(canary), endedBy]).toEqual([true, false, 'exit']);
    });

    it('nothing can be written but in /tmp and /dev/shm', async () => {
      const places = ['/', '/usr', '/etc', '/work', '/dev', '/proc', '/proc/sys/kernel', '/run', '/var', folder];
      const writes = places.map((place) => `(echo x > ${place}/sandbox-attack) 2>/dev/null && echo ${place}`);
      const { stdout } = await shell(`${writes.join('\n')}\necho x > /tmp/own && cat /tmp/own`);
      expect(stdout).toBe('x\n');
      expect(places.some((place) => existsSync(`${place}/sandbox-attack`))).toBe(false);
    });

    it('settings of the kernel cannot be changed', async () => {
      const files = ['/proc/sys/kernel/core_pattern', '/proc/sys/vm/drop_caches', '/proc/sysrq-trigger'];
      const writes = files.map((file) => `(printf "" > ${file}) 2>/dev/null && echo ${file}`);
      expect((await shell(`${writes.join('\n')}\ntrue`)).stdout).toBe('');
    });
  });

  it('X6 nothing of the environment of the host is there', async () => {
    process.env['SANDBOX_CANARY'] = canary;
    try {
      const { stdout } = await shell("env | sort; tr '\\0' '\\n' < /proc/1/environ");
      expect(stdout).not.toContain(canary);
      // A shell adds some of its own.
      const added = ['OLDPWD', 'PWD', '_'];
      const names = stdout.split('\n').map((line) => line.split('=')[0] ?? '');
      const given = names.filter((name) => name !== '' && !added.includes(name));
      expect([...new Set(given)].sort()).toEqual(['HOME', 'LANG', 'PATH', 'TMPDIR']);
    } finally {
      delete process.env['SANDBOX_CANARY'];
    }
  });

  it('X7 no process outside can be seen or signalled', async () => {
    const { stdout } = await shell(
      `echo parent $PPID; [ -e /proc/${process.pid}/status ] && echo seen\nkill -9 $PPID; kill -9 1; kill -9 -1 || :\n` +
        `kill -9 ${process.pid} 2>/dev/null && echo killed\necho after; ls -d /proc/[0-9]* | wc -l`,
    );
    expect(stdout).toMatch(/^parent \d\nafter\n\d\n$/);
  });

  it('X8 nothing is left of it: daemons, other sessions, files, groups', async () => {
    const mark = randomUUID();
    const daemon = `(setsid sh -c 'trap "" HUP TERM; sleep 1000; : ${mark}' > /dev/null 2>&1 &)`;
    const { stdout } = await shell(`${daemon}; ${daemon}; echo started`);
    expect(stdout).toBe('started\n');
    expect(processesWith(mark)).toEqual([]);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain('sallyport-sandbox-');
  });

  it.skipIf(isOther)('X9 a flood of output is cut off', async () => {
    for (const flood of ['yes', 'yes >&2']) {
      const { stdout, stderr, endedBy } = await shell(flood);
      expect(endedBy).toBe('output');
      expect(stdout.length + stderr.length).toBe(LIMITS.outputBytesMax);
    }
  });

  it.skipIf(isOther)('X10 open files are limited', async () => {
    const open =
      'my @files; while (@files < 500 && open(my $file, "<", "/dev/null")) { push @files, $file } print @files + 0';
    expect(Number((await shell(perl(open))).stdout)).toBeLessThan(LIMITS.openFiles);
  });

  it('X11 no rights can be had: capabilities, namespaces, mounts, keys, other calls of the kernel', async () => {
    const { stdout } = await shell(
      'grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):" /proc/self/status | tr -s "\\t" " "; ' +
        'unshare -U true 2>/dev/null && echo unshared; mount -t tmpfs x /tmp 2>/dev/null && echo mounted; ' +
        'ls -l /dev | grep -cE "^b" ; true',
    );
    const none = '0000000000000000';
    const caps = ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((set) => `Cap${set}: ${none}\n`).join('');
    expect(stdout).toBe(`${caps}NoNewPrivs: 1\nSeccomp: 2\n0\n`);
  });

  it.skipIf(process.arch !== 'x64')('X11 calls of the kernel that are not for programs are refused', async () => {
    // keyctl, ptrace, bpf, perf_event_open, userfaultfd, io_uring_setup, mount, setns, open_by_handle_at; then x32.
    const numbers = [250, 101, 321, 298, 323, 425, 165, 308, 304];
    const call = 'for my $n (@ARGV) { $! = 0; syscall($n + 0, 0, 0, 0, 0, 0); print $! + 0, " " }';
    const { stdout } = await shell(`perl -e '${call}' ${numbers.join(' ')} ${0x4000_0000 + 39}`);
    expect(stdout.trim()).toBe([...numbers.map(() => 1), 38].join(' '));
  });

  it.skipIf(isOther)('X12 names of files cannot leave the folder of the run', async () => {
    const runner = PROCESS_SANDBOXES.find((sandbox) => sandbox.name === name)?.runner;
    for (const file of [
      '../x',
      '/etc/x',
      'a/../../x',
      'a//b',
      './x',
      'a\0b',
      '',
      'main.sh/x',
      'a\\..\\b',
      'x'.repeat(600),
    ]) {
      const run = runner?.run({ language: 'shell', code: 'echo ran', files: { [file]: canary } }, LIMITS);
      await expect(run, file).rejects.toMatchObject({ code: 'INVALID_FILES' });
    }
    const files = { 'data/in.txt': 'given', 'other.bin': new Uint8Array([104, 105]) };
    const read = await runner?.run({ language: 'shell', code: 'cat data/in.txt other.bin', files }, LIMITS);
    expect(read?.stdout).toBe('givenhi');
  });

  it.skipIf(isOther)('X8 everything ends with the process that started it, also when that is killed', async () => {
    const mark = randomUUID();
    const script = `
      const { PROCESS_SANDBOXES } = await import(${JSON.stringify(join(import.meta.dirname, 'testing/kinds.mts'))});
      const sandbox = PROCESS_SANDBOXES.find(({ name }) => name === ${JSON.stringify(name)});
      await sandbox.shell("setsid sh -c 'echo $$; sleep 1000; : ${mark}'");`;
    const args = ['--conditions=sallyport-source', '--input-type=module', '-e', script];
    // Its files are left, and removed by the next process an hour later.
    const temporary = mkdtempSync(join(sharedTemporaryFolder(), 'sandbox-host-'));
    chmodSync(temporary, 0o755);
    const env = { ...process.env, TMPDIR: temporary };
    const host = spawn(process.execPath, args, { stdio: 'ignore', env });
    const inside = (): readonly number[] => processesWith(`sleep 1000; : ${mark}`).filter((pid) => pid !== host.pid);
    await expect.poll(() => inside().length, { timeout: 50_000 }).toBeGreaterThan(0);
    // Until it is waited for, its number is still in use.
    const ended = once(host, 'exit');
    host.kill('SIGKILL');
    await ended;
    await expect.poll(() => inside().length, { timeout: 50_000 }).toBe(0);
    expect(readdirSync(temporary).length).toBeGreaterThan(0);
    removeLeft(temporary, Date.now() - 60_000);
    expect(readdirSync(temporary).length).toBeGreaterThan(0);
    removeLeft(temporary, Infinity);
    expect(readdirSync(temporary)).toEqual([]);
    rmSync(temporary, { recursive: true });
  });
});
