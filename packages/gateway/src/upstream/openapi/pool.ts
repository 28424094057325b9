/** The sockets to one REST interface: to the address that the operator named, and to no metadata service (S2, S3). */
import { createDialler } from '@sallyport/server/http';
import { Pool } from 'undici';
import type { ServerSettings } from '../../snapshot.ts';
import { transportFailure } from '../transports/failure.ts';

const CONNECT_MS_MAX = 10_000;
const REQUESTS_MAX = 512;

/** A pool, and what every request through it has. */
export interface RestPool {
  readonly sockets: Pool;
  /** Path below which the operations lie, without a slash at its end. */
  readonly basePath: string;
  /** Headers of the operator. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Opens a connection and closes it. @throws GuardError `upstream_failed` when nobody takes it. */
  reach(): Promise<void>;
  close(): Promise<void>;
}

/** Connects when the first request is sent. @throws TypeError for a server of another kind. */
export function openRestPool({ transport, timeoutMs }: ServerSettings): RestPool {
  if (transport.kind !== 'openapi') throw new TypeError('not a REST interface');
  const url = new URL(transport.baseUrl);
  const connectMs = Math.min(CONNECT_MS_MAX, timeoutMs);
  const connect = createDialler({ isInternal: () => true, timeoutMs: connectMs });
  const sockets = new Pool(url.origin, {
    connect,
    connections: REQUESTS_MAX,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
    maxHeaderSize: 32 * 1024,
  });
  const headers = Object.entries(transport.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    sockets,
    headers: Object.fromEntries(headers),
    basePath: url.pathname.replace(/\/$/, ''),
    reach: () => reach(connect, url),
    close: () => sockets.destroy(),
  };
}

function reach(connect: ReturnType<typeof createDialler>, { hostname, host, port, protocol }: URL): Promise<void> {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    connect({ hostname: bare, host, protocol, port }, (...[error, socket]) => {
      socket?.destroy();
      if (error === null) resolve();
      else reject(transportFailure(`it cannot be connected to${codeOf(error)}`, { unsent: true, cause: error }));
    });
  });
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (error.name === 'AddressError') return `: ${error.message}`;
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? ` (${code})` : '';
}
