/** The sockets to one HTTP server. They carry no identity, so calls of all principals may use them. */
import { Pool } from 'undici';
import type { ServerSettings } from '../../../snapshot.ts';

export interface Endpoint {
  /** For requests that are answered. */
  readonly calls: Pool;
  /** For streams that stay open, so that they cannot starve the calls. */
  readonly streams: Pool;
  readonly path: string;
  /** Sent with every request: the operator's own headers and nothing of the caller's. */
  readonly headers: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const CALLS_MAX = 512;

export function openEndpoint(settings: ServerSettings): Endpoint {
  if (settings.transport.kind !== 'http') throw new TypeError('not an HTTP server');
  const url = new URL(settings.transport.url);
  const connect = { timeout: Math.min(CONNECT_TIMEOUT_MS, settings.timeoutMs) };
  // Idle sockets are dropped before common servers (5 s in Node) drop them, so that a request rarely meets a closing one.
  const options = {
    connect,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
    maxHeaderSize: 32 * 1024,
  };
  const calls = new Pool(url.origin, { ...options, connections: CALLS_MAX });
  const streams = new Pool(url.origin, { ...options, connections: null });
  const headers = Object.fromEntries(
    Object.entries(settings.transport.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    calls,
    streams,
    headers,
    path: url.pathname + url.search,
    close: async () => {
      await Promise.all([calls.destroy(), streams.destroy()]);
    },
  };
}
