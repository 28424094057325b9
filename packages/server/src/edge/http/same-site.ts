/** H1, A20: the `Host` is the gateway's own, and the `Origin` of a browser is one that the operator listed. */
import type { IncomingMessage } from 'node:http';
import { GuardError } from '@sallyport/guard';
import { headerValues } from '../../listen/header-values.ts';
import type { GatewaySettings } from '../settings.ts';

/** @throws GuardError `forbidden_origin`. */
export function checkSameSite(request: IncomingMessage, settings: GatewaySettings): void {
  const port = request.socket.localPort;
  const [host, otherHost] = headerValues(request, 'host');
  if (host === undefined || otherHost !== undefined || !isAllowedHost(host, settings, port))
    throw new GuardError('forbidden_origin');
  const [origin, otherOrigin] = headerValues(request, 'origin');
  if (otherOrigin !== undefined || (origin !== undefined && !isAllowedOrigin(origin, settings, port)))
    throw new GuardError('forbidden_origin');
}

const publicHosts = new WeakMap<GatewaySettings, string>();

/** Parsed once for each configuration. */
function publicHost(settings: GatewaySettings): string {
  const cached = publicHosts.get(settings);
  if (cached !== undefined) return cached;
  const { host } = new URL(settings.publicUrl);
  publicHosts.set(settings, host);
  return host;
}

function isAllowedHost(value: string, settings: GatewaySettings, localPort: number | undefined): boolean {
  const host = value.toLowerCase();
  if (host === publicHost(settings) || settings.allowedHosts.includes(host)) return true;
  const [, name, port] = HOST.exec(host) ?? [];
  if (name === undefined || !LOOPBACK_NAMES.has(name)) return false;
  return port === undefined ? localPort === 80 || localPort === 443 : Number(port) === localPort;
}

/**
 * The names by which clients reach a listener on this machine. Not every loopback address: another local user can serve
 * a page on 127.0.0.2 under the same port, and its browser would then be of the same site.
 */
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Name and port (RFC 9110 section 7.2). An IPv6 address has brackets. */
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/;

/** @param localPort a page of this machine is allowed only under the gateway's own port. */
export function isAllowedOrigin(origin: string, settings: GatewaySettings, localPort: number | undefined): boolean {
  if (settings.allowedOrigins.includes(origin) || origin === settings.publicUrl) return true;
  const [, name, port] = ORIGIN.exec(origin) ?? [];
  return name !== undefined && LOOPBACK_NAMES.has(name) && Number(port) === localPort;
}

/** Scheme, name and port (RFC 6454 section 6.2). */
const ORIGIN = /^https?:\/\/(\[[^\]]*\]|[^:]*):(\d{1,5})$/;
