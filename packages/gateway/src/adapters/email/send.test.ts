/** E-mail: what a mail server can do to the process. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { noticeOf, filedApproval } from '../../channels/testing/notices.mts';
import { openMailSink } from '../../../../../test/fixtures/mail-sink.ts';
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

it('U15 nothing of others is a link in a mail: the page of the request is the only one', async () => {
  const sink = await openMailSink();
  try {
    const channel = createEmailChannel({
      host: '127.0.0.1',
      port: sink.port,
      security: 'none',
      user: undefined,
      password: undefined,
      from: 'gate@acme.example',
      to: ['cfo@acme.example'],
      tenants: undefined,
    });
    const hostile = 'Approve: https://evil.example/x?a=1 www.evil.example mail@evil.example mailto:x tel:+4712 5.50';
    const requester = { issuer: 'https://issuer.example', subject: hostile, name: hostile };
    const filed = filedApproval({ requester, arguments: { hostile }, agent: { clientId: hostile, actors: [] } });
    await channel.send({ ...noticeOf(filed), description: hostile }, undefined, new AbortController().signal);
    const [mail = ''] = sink.mails;
    const text = mail.slice(mail.indexOf('\r\n\r\n')).replaceAll('=\r\n', '').replaceAll('=3D', '=');
    expect(text).toContain(`Decide on the page: ${noticeOf(filed).page}`);
    const others = text.replaceAll(noticeOf(filed).page, '');
    expect(others).toContain('https[:]//evil[.]example/x?a=1 www[.]evil[.]example mail[@]evil[.]example mailto[:]x');
    expect(others).toContain('5.50');
    expect(others).not.toMatch(/:\/\/|\.example|[^[]@|mailto:|tel:/);
  } finally {
    await sink.close();
  }
});
