import { connect } from 'node:net';

/** Sends bytes as they are, and reads until the other side ends the connection or nothing comes for `quietMs`. */
export function sendBytes(port: number, bytes: string | Buffer, quietMs = 2_000): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
    });
    const finish = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(quietMs, finish);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', finish);
    socket.on('close', finish);
  });
}

/** The status of the first response in what was received; 0 when there is none. */
export const statusOf = (received: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0);

export const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** The bytes of a request. @param start method and target. */
export const rawRequest = (start: string, headers: readonly string[], body = ''): string =>
  `${start} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`;

/** Headers of a {@link PING} that is answered; the first is `Host`. */
export const pingHeaders = (port: number): string[] => [
  `Host: 127.0.0.1:${port}`,
  'Authorization: Bearer alice',
  'Content-Type: application/json',
  `Content-Length: ${PING.length}`,
  'Connection: close',
];
