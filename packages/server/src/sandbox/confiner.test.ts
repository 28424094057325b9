/** Programs that run for long: what they reach, how they are found, and how they end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConfiner, type ConfinedProgram, type Confiner } from './index.ts';

const made = await createConfiner().catch((error: Error) => {
  process.stderr.write(`skipped: ${error.message}\n`);
  return undefined;
});
let server: Server;
const port = (): number => (server.address() as { port: number }).port;

beforeAll(async () => {
  server = createServer((socket) => socket.on('error', () => undefined).end('reached')).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

const PROGRAM: Omit<ConfinedProgram, 'command' | 'args'> = {
  path: '/usr/bin:/bin',
  readOnly: [],
  writable: [],
  network: [],
  memoryBytes: 256 * 1024 ** 2,
  processes: 64,
  scratchBytes: 1024 ** 2,
  openFiles: 128,
};

interface Ran {
  readonly output: string;
  readonly code: number | null;
}

async function run(command: string, args: readonly string[], more: Partial<ConfinedProgram> = {}): Promise<Ran> {
  const prepared = (made as Confiner).prepare({ ...PROGRAM, ...more, command, args });
  const env = { PATH: PROGRAM.path, ...prepared.environment };
  const child = spawn(prepared.command, prepared.args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  await prepared.close();
  return { output, code };
}

/** Asks the proxy for each place, and prints the status and what came then. */
const ASK = `
  const { connect } = require('node:net');
  const [, ...places] = process.argv;
  const ask = (place) => new Promise((resolve) => {
    const proxy = new URL(process.env.HTTPS_PROXY);
    const head = place + ' HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n';
    const socket = connect(proxy.port, proxy.hostname, () => socket.write(head));
    let text = '';
    socket.on('data', (chunk) => (text += chunk)).on('close', () => resolve(text)).on('error', () => resolve('error'));
  });
  (async () => {
    for (const place of places) {
      const text = await ask(place);
      console.log(text.slice(9, 12) + (text.endsWith('reached') ? ' reached' : ''));
    }
    process.exit(7);
  })();`;

describe.skipIf(made === undefined)('a confined program', () => {
  it('is found in PATH or by its path, also outside of the folders of the system', async () => {
    expect(await run('sh', ['-c', 'echo "$0 $1"', 'a b', '$(c)'])).toEqual({ output: 'a b $(c)\n', code: 0 });
    expect(await run(process.execPath, ['-p', '6*7'])).toEqual({ output: '42\n', code: 0 });
    expect((await run('/bin/sh', ['-c', 'exit 3'])).code).toBe(3);
  });

  it('X4 reaches the listed places and no other, and says so', async () => {
    const refused: string[] = [];
    const network = [
      { host: '127.0.0.1', port: port() },
      { host: 'localhost', port: port() },
      { host: '169.254.169.254', port: 80 },
    ];
    const places = [
      `CONNECT 127.0.0.1:${port()}`,
      `CONNECT LOCALHOST:${port()}`,
      `CONNECT 127.0.0.1:${port() + 1}`,
      `CONNECT 127.1:${port()}`,
      `CONNECT localhost.:${port()}`,
      'CONNECT 169.254.169.254:80',
      'CONNECT nonsense',
      `GET http://127.0.0.1:${port()}/`,
    ];
    const options = { network, onRefused: (destination: string) => void refused.push(destination) };
    const { output, code } = await run(process.execPath, ['-e', ASK, ...places], options);
    expect(output.trim().split('\n')).toEqual(['200 reached', '200 reached', '403', '403', '403', '403', '403', '405']);
    expect(code).toBe(7);
    expect(refused).toContain('169.254.169.254:80');
    expect(refused).toContain('what is no host and port');
  });

  it('X4 reaches nothing past the proxy, and has none when nothing is listed', async () => {
    const dial = `require('node:net').connect(${port()}, '127.0.0.1').on('error', ({ code }) => console.log(code))
      .on('connect', () => console.log('connected'));`;
    const network = [{ host: 'localhost', port: port() }];
    expect((await run(process.execPath, ['-e', dial], { network })).output).toBe('ECONNREFUSED\n');
    expect((await run(process.execPath, ['-e', dial])).output).toBe('ECONNREFUSED\n');
    expect((await run('sh', ['-c', 'env; ls /run 2>&1'])).output).not.toMatch(/PROXY|proxy/);
  });

  it('is refused a share of the processors where nothing enforces it', async () => {
    const isLimited = made?.enforcement.memory === 'control group';
    const prepare = (): unknown => made?.prepare({ ...PROGRAM, command: 'sh', args: [], cpus: 0.5 });
    if (!isLimited) expect(prepare).toThrow(/needs a control group/);
    else expect((await run('sh', ['-c', 'echo on'], { cpus: 0.5 })).output).toBe('on\n');
  });
});
