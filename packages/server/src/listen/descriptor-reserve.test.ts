import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { connectionDescriptorMax, descriptorLimit } from './descriptor-reserve.ts';

const program = fileURLToPath(new URL('./testing/few-descriptors.mts', import.meta.url));
const LIMIT = 128;

it('B7 a quarter of the descriptors, at most 256, is not for connections', () => {
  expect([64, 1_024, 1_048_576].map(connectionDescriptorMax)).toEqual([48, 768, 1_048_320]);
});

it.skipIf(descriptorLimit() === undefined)(
  'B7 more connections than descriptors: files can still be opened, and a request is answered again afterwards',
  async () => {
    const command = `ulimit -n ${LIMIT}; exec "$0" --conditions=sallyport-source "$1"`;
    const child = spawn('/bin/sh', ['-c', command, process.execPath, program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(said);
    const sockets: Socket[] = [];
    let closed = 0;
    for (let at = 0; at < 2 * LIMIT; at++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined).on('close', () => (closed += 1));
      sockets.push(socket);
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    }
    while (closed < LIMIT)
      await new Promise((done) => {
        setImmediate(done);
      });
    child.stdin.write('open files\n');
    const [opened] = (await once(child.stdout, 'data')) as [Buffer];
    expect(Number(opened)).toBe(LIMIT / 8);
    for (const socket of sockets) socket.destroy();
    let status = 0;
    while (status === 0)
      status = await fetch(`http://127.0.0.1:${port}/`).then(
        (answer) => answer.status,
        () => 0,
      );
    expect(status).toBe(200);
    child.stdin.end();
    await ended;
  },
  120_000,
);
