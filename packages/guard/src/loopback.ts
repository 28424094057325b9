/**
 * Whether a host is this machine: `localhost`, 127.0.0.0/8 (RFC 1122 section 3.2.1.3), `::1` with or without brackets,
 * in any spelling of RFC 4291, and 127.0.0.0/8 mapped into IPv6. Takes the host alone: no scheme, no port.
 *
 * Nothing is resolved. Any other name is not loopback, whatever a resolver says, because its owner can change the
 * answer.
 *
 * @example
 * ```ts
 * const isLocal = (url: string): boolean => isLoopback(new URL(url).hostname);
 * ```
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost') return true;
  if (!bare.includes(':')) return IPV4_LOOPBACK.test(bare);
  const canonical = canonicalIpv6(bare);
  return canonical === '::1' || (canonical !== undefined && MAPPED_LOOPBACK.test(canonical));
}

/** Four decimal octets: `127.1` and `0x7f.0.0.1` are spellings that only some resolvers understand. */
const IPV4_LOOPBACK = /^127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
const MAPPED_LOOPBACK = /^::ffff:7f[0-9a-f]{2}:/;

/** The text of RFC 5952, which the URL parser writes; `undefined` for what is not an IPv6 address. */
function canonicalIpv6(text: string): string | undefined {
  if (!/^[0-9a-f:.]+$/.test(text)) return undefined;
  return URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
}
