/** Where a listener is reached. */
import type { ListenSettings } from './settings.ts';

/** A listener on one of these is reached on loopback. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** The origin of a listener from the machine that it runs on. */
export const listenerOrigin = (listen: ListenSettings): string =>
  originOf(ANY_ADDRESS.has(listen.host) ? { ...listen, host: '127.0.0.1' } : listen);

/** The scheme, the host as it is configured, and the port. RFC 3986: an IPv6 address stands in brackets. */
export const originOf = ({ host, port, tls }: ListenSettings): string =>
  `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
