/**
 * A socket that speaks HTTP/1.1, with or without TLS, and nothing that it should not: strict parser, bounded headers,
 * bounded time, bounded connections, and an end that lets answers under way finish.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Log } from '@sallyport/guard';
import type { ListenSettings, TlsSettings } from '../snapshot.ts';
import { followCertificates, readCertificates } from './certificates.ts';
import { capConnections } from './connection-cap.ts';
import { lacksHost, refuse, refuseUnreadable } from './refuse-bytes.ts';
import { STRICT_TRANSPORT_SECURITY } from './security-headers.ts';
import { SOCKET_LIMITS, type SocketLimits } from './socket-limits.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ListenerOptions {
  readonly settings: ListenSettings;
  readonly handler: Handler;
  /** What messages call it: `gateway`, `admin`. */
  readonly name: string;
  readonly limits?: Partial<SocketLimits>;
  readonly log?: Log;
}

export interface Listener {
  /** Scheme, host and the port that was really opened, without a trailing slash. */
  readonly url: string;
  readonly server: Server;
  /** Stops accepting, waits for answers under way (bounded), then closes what is left. Can be called twice. */
  close(): Promise<void>;
}

const silent: Log = () => undefined;

/**
 * @throws Error with a sentence for the operator when the address is taken or not ours, or the certificates cannot be used.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { settings, name } = options;
  const limits: SocketLimits = { ...SOCKET_LIMITS, ...options.limits };
  const log = options.log ?? silent;
  const server = createFor(settings.tls, guarded(options.handler, log, settings.tls !== undefined), limits);
  server.maxConnections = limits.maxConnections;
  server.maxRequestsPerSocket = limits.maxRequestsPerSocket;
  // No limit on their number, because Node drops the rest in silence; their size is bounded.
  server.maxHeadersCount = 0;
  refuseUnreadable(server, settings.tls !== undefined);
  if (!settings.behindTlsProxy) capConnections(server, limits.maxConnectionsPerAddress);
  await listening(server, settings, name);
  const stopFollowing =
    settings.tls === undefined
      ? (): void => undefined
      : followCertificates(server as TlsServer, settings.tls, { pollMs: limits.certificatePollMs, log });
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(server, settings),
    server,
    close: () => (closing ??= (stopFollowing(), drain(server, limits.drainMs))),
  };
}

function createFor(tls: TlsSettings | undefined, handler: Handler, limits: SocketLimits): Server {
  const strict: ServerOptions = {
    insecureHTTPParser: false,
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.max(100, Math.min(1000, limits.headersTimeoutMs / 4)),
    noDelay: true,
  };
  if (tls === undefined) return createServer(strict, handler);
  const clients = tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  return createTlsServer(
    {
      ...strict,
      ...readCertificates(tls),
      ...clients,
      handshakeTimeout: limits.handshakeTimeoutMs,
      ALPNProtocols: ['http/1.1'],
    },
    handler,
  );
}

/** A handler that throws answers 500 without a word; under TLS every answer says that TLS is to stay. */
function guarded(handler: Handler, log: Log, tls: boolean): Handler {
  return (request, response) => {
    if (tls) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY);
    if (lacksHost(request)) return refuse(request, response, 400);
    try {
      handler(request, response);
    } catch (thrown) {
      log('error', 'a request handler failed', { cause: thrown instanceof Error ? thrown.message : String(thrown) });
      if (response.headersSent) response.end(() => request.destroy());
      else refuse(request, response, 500);
    }
  };
}

function listening(server: Server, settings: ListenSettings, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const where = `${settings.host}:${settings.port}`;
      const why =
        error.code === 'EADDRINUSE'
          ? 'is in use by another process'
          : error.code === 'EADDRNOTAVAIL'
            ? 'is not an address of this machine'
            : error.code === 'EACCES'
              ? 'needs rights that this process does not have'
              : `cannot be opened (${error.code ?? error.message})`;
      reject(new Error(`${name}: ${where} ${why}`, { cause: error }));
    };
    server.once('error', failed);
    server.listen(settings.port, settings.host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function urlOf(server: Server, settings: ListenSettings): string {
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  return `${settings.tls === undefined ? 'http' : 'https'}://${host}:${port}`;
}

function drain(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A connection that was busy at close() becomes idle later, and nobody else would end it.
    const sweep = setInterval(() => server.closeIdleConnections(), 25);
    const end = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(end);
      resolve();
    });
    server.closeIdleConnections();
  });
}
