/**
 * Fetches a small document from an address that somebody else named. Only https is allowed (http where the issuer
 * itself is loopback). A host name is resolved once, every address is checked, and the socket connects to a checked
 * one. No redirect is followed; size and time are bounded.
 */
import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Agent, request } from 'undici';
import { createByteBuffer, isLoopback } from '@sallyport/guard';

const BYTES_MAX = 256 * 1024;
/** How long one document may take. */
export const FETCH_TIMEOUT_MS = 5_000;

/**
 * RFC 6890 special-purpose ranges, and the ranges that wrap IPv4 inside IPv6. There are two lists, because in a common
 * one ::ffff:0:0/96 would match every IPv4 address.
 */
const PRIVATE = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.ipv4.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.ipv6.addSubnet(network, prefix, 'ipv6');

/** True for an IP address that is in no private or special-purpose range. */
export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  return isIP(address) !== 0 && !PRIVATE[family].check(address, family);
};

/** Resolves a name like `dns.lookup`, and fails when any of its addresses is not public. */
export const checkedLookup = (
  host: string,
  options: object,
  done: (error: Error | null, addresses: LookupAddress[]) => void,
): void =>
  void lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) done(error, []);
    else if (!addresses.every(({ address }) => isPublicAddress(address)))
      done(new Error('the name resolves to a private address'), []);
    else done(null, addresses);
  });

const checkingAgent = new Agent({ connect: { lookup: checkedLookup as never, timeout: FETCH_TIMEOUT_MS } });
const plainAgent = new Agent({ connect: { timeout: FETCH_TIMEOUT_MS } });

/**
 * How an address that a document of an issuer names may be reached.
 *
 * @param issuer the configured issuer. On its own host private addresses are allowed, because the operator named it.
 * @throws Error when the address is not allowed.
 */
export function checkedDispatcher(url: URL, issuer: string): Agent {
  const isIssuerHost = url.hostname === new URL(issuer).hostname;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname) && isIssuerHost))
    throw new Error('only https is allowed');
  if (url.username !== '' || url.password !== '') throw new Error('the address must not carry credentials');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!isIssuerHost && isIP(host) !== 0 && !isPublicAddress(host)) throw new Error('the address is private');
  return isIssuerHost ? plainAgent : checkingAgent;
}

/** @throws Error when the address is not allowed or the answer is not a small JSON document. */
export async function fetchJson(url: URL, issuer: string): Promise<unknown> {
  const { statusCode, headers, body } = await request(url, {
    dispatcher: checkedDispatcher(url, issuer),
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
  });
  const received = createByteBuffer();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (received.length + chunk.length > BYTES_MAX) throw new Error(`the document is larger than ${BYTES_MAX} bytes`);
    received.append(chunk);
  }
  if (statusCode !== 200 || headers['content-encoding'] !== undefined) throw new Error(`the answer was ${statusCode}`);
  return JSON.parse(received.take().toString()) as unknown;
}
