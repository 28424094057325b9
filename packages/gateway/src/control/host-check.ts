/**
 * DNS rebinding: a page in a browser can make a name of its own resolve to this listener, and its requests then carry
 * that name. An address cannot be rebound. So addresses, `localhost` and the configured names are accepted, and nothing
 * else.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '@sallyport/guard';
import { headerValues } from '@sallyport/server/listen/header-values';

/**
 * @param listenHost the host that the listener was configured with.
 * @param allowed further exact `Host` values, in lower case.
 */
export function hostIsAllowed(request: IncomingMessage, listenHost: string, allowed: readonly string[]): boolean {
  const hosts = headerValues(request, 'host');
  const [host] = hosts;
  if (hosts.length !== 1 || host === undefined) return false;
  const lower = host.toLowerCase();
  if (allowed.includes(lower)) return true;
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/.exec(lower);
  if (match === null) return false;
  const name = (match[1] ?? '').replace(/^\[|\]$/g, '');
  const port = Number(match[2] ?? ('encrypted' in request.socket ? 443 : 80));
  // No proxy maps ports on loopback, so the port must match there; elsewhere it may be mapped.
  if (isLoopback(listenHost) && port !== request.socket.localPort) return false;
  if (name === 'localhost' || name === listenHost.toLowerCase()) return true;
  return isIP(name) !== 0 && (!isLoopback(listenHost) || isLoopback(name));
}

/**
 * Browsers send `Origin` with requests of other pages, and none of these endpoints is for another page.
 *
 * @param publicUrl the origin under which browsers reach the listener through a proxy.
 */
export function originIsAllowed(request: IncomingMessage, publicUrl?: string): boolean {
  const origins = headerValues(request, 'origin');
  if (origins.length === 0) return true;
  const scheme = 'encrypted' in request.socket ? 'https' : 'http';
  const own = `${scheme}://${request.headers.host ?? ''}`;
  return origins.length === 1 && (origins[0] === own || (publicUrl !== undefined && origins[0] === publicUrl));
}

/**
 * Whether a browser says that another page caused the request, also one on another port of the same host. Nothing of
 * the control API is for such a page, not even what it could not read.
 */
export function isOfAnotherPage(request: IncomingMessage): boolean {
  const sites = headerValues(request, 'sec-fetch-site');
  return sites.length > 0 && !(sites.length === 1 && (sites[0] === 'same-origin' || sites[0] === 'none'));
}
