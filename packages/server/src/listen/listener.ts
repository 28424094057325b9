/**
 * A listener for HTTP/1.1, with or without TLS: strict parser, bounded headers, bounded time, bounded connections, and
 * a close that lets pending responses finish.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Log } from '@sallyport/guard';
import { PausableRequest } from './pausable-request.ts';
import { originOf } from './listener-origin.ts';
import type { ListenSettings, TlsSettings } from './settings.ts';
import { readCertificates, reloadCertificatesOnChange } from './certificates.ts';
import { limitConnections } from './connection-limit.ts';
import { descriptorLimit, keepDescriptors } from './descriptor-reserve.ts';
import { lacksHost, refuse, refuseUnreadable } from './refuse-unreadable.ts';
import { STRICT_TRANSPORT_SECURITY } from './security-headers.ts';
import { SOCKET_LIMITS, type SocketLimits } from './socket-limits.ts';

/** Answers one request. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What a listener is opened with. */
export interface ListenerOptions {
  readonly settings: ListenSettings;
  readonly handler: Handler;
  /** `gateway` or `admin`: how error messages call this listener. */
  readonly name: string;
  readonly limits?: Partial<SocketLimits>;
  readonly log?: Log;
}

/** An open listener. */
export interface Listener {
  /** Scheme, host and the port that was opened, without a trailing slash. */
  readonly url: string;
  readonly server: Server;
  /** Stops accepting, waits for pending responses up to `drainMs`, and closes the rest. Can be called twice. */
  close(): Promise<void>;
}

const silent: Log = () => undefined;

/**
 * @throws Error with a sentence for the operator when the address cannot be opened or the certificates cannot be used.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { settings, name } = options;
  const limits: SocketLimits = { ...SOCKET_LIMITS, ...options.limits };
  const log = options.log ?? silent;
  const server = createHttpServer(
    settings.tls,
    withFailureResponse(options.handler, log, settings.tls !== undefined),
    limits,
  );
  server.maxConnections = limits.connectionsMax;
  server.maxRequestsPerSocket = limits.requestsPerSocketMax;
  // Node.js would drop headers beyond a number in silence; their size is bounded instead.
  server.maxHeadersCount = 0;
  refuseUnreadable(server, settings.tls !== undefined);
  keepDescriptors(server, descriptorLimit());
  if (!settings.behindTlsProxy) limitConnections(server, limits.connectionsPerAddressMax);
  await listen(server, settings, name);
  const stopReloading =
    settings.tls && reloadCertificatesOnChange(server as TlsServer, settings.tls, limits.certificatePollMs, log);
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(server, settings),
    server,
    close() {
      stopReloading?.();
      closing ??= drain(server, limits.drainMs);
      return closing;
    },
  };
}

function createHttpServer(tls: TlsSettings | undefined, handler: Handler, limits: SocketLimits): Server {
  const strict: ServerOptions = {
    IncomingMessage: PausableRequest,
    insecureHTTPParser: false,
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.max(100, Math.min(1000, limits.headersTimeoutMs / 4)),
    noDelay: true,
  };
  if (tls === undefined) return createServer(strict, handler);
  const clientCertificates = tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  return createTlsServer(
    {
      ...strict,
      ...readCertificates(tls),
      ...clientCertificates,
      handshakeTimeout: limits.handshakeTimeoutMs,
      ALPNProtocols: ['http/1.1'],
    },
    handler,
  );
}

/** A handler that throws is answered with an empty 500. Under TLS every response has `Strict-Transport-Security`. */
function withFailureResponse(handler: Handler, log: Log, tls: boolean): Handler {
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

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process',
  EADDRNOTAVAIL: 'is not an address of this machine',
  EACCES: 'needs rights that this process does not have',
};

function listen(server: Server, settings: ListenSettings, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const reason = LISTEN_ERRORS[error.code ?? ''] ?? `cannot be opened (${error.code ?? error.message})`;
      reject(
        new Error(`${name}: ${settings.host}:${settings.port} ${reason}; it is set by ${name}.listen`, {
          cause: error,
        }),
      );
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
  return originOf({ ...settings, port });
}

function drain(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A connection that is busy at close() becomes idle later, and Node.js does not end it then.
    const closeIdle = setInterval(() => server.closeIdleConnections(), 25);
    const closeAll = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearInterval(closeIdle);
      clearTimeout(closeAll);
      resolve();
    });
    server.closeIdleConnections();
  });
}
