/**
 * The conformance suite cannot send an Authorization header: this loopback proxy adds one and changes nothing else. It
 * keeps Host, streams both ways unbuffered, and passes a disconnect of either side on to the other.
 */
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Shim {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startShim(target: string, token: () => Promise<string>, port = 0): Promise<Shim> {
  const { hostname, port: targetPort } = new URL(target);
  const server = createServer(async (req, res) => {
    const upstream = send(
      {
        hostname,
        port: targetPort,
        path: req.url,
        method: req.method,
        headers: { ...req.headers, authorization: `Bearer ${await token()}` },
      },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        res.flushHeaders();
        answer.pipe(res);
      },
    );
    upstream.on('error', () => res.destroy());
    res.on('close', () => upstream.destroy());
    req.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const actual = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
