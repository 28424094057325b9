/**
 * The only way out of a sandbox that may reach some hosts: a proxy that knows nothing but CONNECT (RFC 9110, section
 * 9.3.6), on a Unix socket that is bound into the sandbox. Hosts are listed; their addresses are judged as everywhere
 * else, so that a listed name cannot lead to a metadata service.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AddressError, judgedLookup, refuseAddress } from '../../http/dialler.ts';

/** A place that may be reached. */
export interface Destination {
  /** A name or an address, in lower case and without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A proxy that listens. */
export interface ConnectProxy {
  /** Ends all connections. */
  close(): void;
}

const CONNECTIONS_MAX = 64;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 5 * 60_000;
const HEAD_BYTES_MAX = 8 * 1024;

/**
 * @param path of the Unix socket, which must not exist.
 * @param onRefused called with a place that is not listed, or whose address is not allowed.
 */
export function openConnectProxy(
  path: string,
  allowed: readonly Destination[],
  onRefused: (destination: string) => void,
): ConnectProxy {
  const open = new Set<Duplex>();
  const server = createServer(
    { maxHeaderSize: HEAD_BYTES_MAX, requestTimeout: CONNECT_TIMEOUT_MS },
    (_request, answer) => {
      answer
        .writeHead(405, { Allow: 'CONNECT', Connection: 'close' })
        .end('This proxy knows CONNECT only: use https.\n');
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (socket: Duplex) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy());
    const destination = readDestination(request.url ?? '');
    const listed = allowed.find(({ host, port }) => host === destination?.host && port === destination.port);
    const refuse = (status: string): void => {
      if (status.startsWith('403'))
        onRefused(destination === undefined ? 'what is no host and port' : nameOf(destination));
      client.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    if (listed === undefined) return refuse('403 Forbidden');
    tunnel(listed, client, head, refuse);
  });
  server.listen(path);
  return {
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function tunnel({ host, port }: Destination, client: Duplex, head: Buffer, refuse: (status: string) => void): void {
  try {
    // The operator listed the host, so that it may be in a private network.
    if (isIP(host) !== 0) refuseAddress(host, true);
  } catch {
    return refuse('403 Forbidden');
  }
  const upstream = connect({ host, port, lookup: judgedLookup(true) as never, timeout: CONNECT_TIMEOUT_MS });
  const fail = (error?: Error): void => refuse(error instanceof AddressError ? '403 Forbidden' : '502 Bad Gateway');
  const timedOut = (): void => void upstream.destroy(new Error('it does not answer'));
  upstream.once('error', fail).once('timeout', timedOut);
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
  upstream.once('connect', () => {
    upstream
      .off('error', fail)
      .off('timeout', timedOut)
      .on('error', () => client.destroy());
    upstream.setTimeout(IDLE_TIMEOUT_MS, () => upstream.destroy());
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) upstream.write(head);
    client.pipe(upstream satisfies Socket).pipe(client);
  });
}

/** `example.com:443` or `[::1]:443`, as a client writes it. */
function readDestination(text: string): Destination | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  return host === undefined ? undefined : { host, port: Number(match?.[3]) };
}

const nameOf = ({ host, port }: Destination): string => `${host}:${port}`;
