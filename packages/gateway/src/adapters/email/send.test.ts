/** E-mail: what a mail server can do to the process. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { noticeOf, filedApproval } from '../../channels/testing/notices.mts';
import { createEmailChannel } from './send.ts';

it('L9 a mail server that answers for ever is left when the time is over', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    const more = setInterval(() => socket.write('220-wait\r\n'), 5);
    socket.once('close', () => clearInterval(more));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const channel = createEmailChannel({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      security: 'none',
      user: undefined,
      password: undefined,
      from: 'gate@acme.example',
      to: ['cfo@acme.example'],
      tenants: undefined,
    });
    const stop = new AbortController();
    const connected = once(server, 'connection');
    const sent = channel.send(noticeOf(filedApproval()), undefined, stop.signal);
    const failed = expect(sent).rejects.toThrow();
    const [socket] = (await connected) as [NodeJS.EventEmitter];
    const closed = once(socket, 'close');
    stop.abort();
    await failed;
    await closed;
  } finally {
    server.close();
  }
});
