/** The sockets to one HTTP server. They carry no identity, so calls of all principals may use them. */
import { Pool } from 'undici';
import type { ServerSettings } from '../../../snapshot.ts';

/** Two pools of sockets, and what every request through them has. */
export interface HttpSockets {
  /** For requests that get a response soon. */
  readonly requests: Pool;
  /** For streams that stay open, so that they cannot starve the requests. */
  readonly streams: Pool;
  /** Path and query of the server's URL. */
  readonly path: string;
  /** Sent with every request: the operator's own headers and none of the caller's. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const CONNECT_MS_MAX = 10_000;
/** Requests to one server that are under way at once. */
export const REQUEST_SOCKETS_MAX = 512;

/** Connects when the first request is sent. @throws TypeError for a server of another kind. */
export function openSockets({ transport, timeoutMs }: ServerSettings): HttpSockets {
  if (transport.kind !== 'http') throw new TypeError('not an HTTP server');
  const url = new URL(transport.url);
  // Idle sockets are closed before common servers close them (5 s in Node.js): a request rarely meets a closing one.
  const options = {
    connect: { timeout: Math.min(CONNECT_MS_MAX, timeoutMs) },
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
    maxHeaderSize: 32 * 1024,
  };
  const requests = new Pool(url.origin, { ...options, connections: REQUEST_SOCKETS_MAX });
  const streams = new Pool(url.origin, { ...options, connections: null });
  const headers = Object.entries(transport.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    requests,
    streams,
    headers: Object.fromEntries(headers),
    path: url.pathname + url.search,
    close: async () => {
      await Promise.all([requests.destroy(), streams.destroy()]);
    },
  };
}
