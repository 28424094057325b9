/**
 * A page in a browser can make a name of its own point at this listener (DNS rebinding); its requests then carry that
 * name. An address cannot be rebound, so addresses, `localhost` and the configured name are answered, and nothing else.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '@sallyport/guard';
import { headerValues } from '../listen/header-values.ts';

/** @param allowed further exact `Host` values. */
export function hostIsOurs(request: IncomingMessage, listenHost: string, allowed: readonly string[]): boolean {
  const hosts = headerValues(request, 'host');
  const [host] = hosts;
  if (hosts.length !== 1 || host === undefined) return false;
  const lower = host.toLowerCase();
  if (allowed.includes(lower)) return true;
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/.exec(lower);
  if (match === null) return false;
  const name = (match[1] ?? '').replace(/^\[|\]$/g, '');
  const port = Number(match[2] ?? ('encrypted' in request.socket ? 443 : 80));
  // On loopback nothing sits between, so the port must be ours too; elsewhere ports are mapped.
  if (isLoopback(listenHost) && port !== request.socket.localPort) return false;
  return (
    name === 'localhost' ||
    name === listenHost.toLowerCase() ||
    (isIP(name) !== 0 && (!isLoopback(listenHost) || isLoopback(name)))
  );
}

/** Browsers send Origin with what another page asked for; nothing here is for other pages. */
export function originIsOurs(request: IncomingMessage): boolean {
  const origins = headerValues(request, 'origin');
  if (origins.length === 0) return true;
  const scheme = 'encrypted' in request.socket ? 'https' : 'http';
  return origins.length === 1 && origins[0] === `${scheme}://${request.headers.host ?? ''}`;
}
