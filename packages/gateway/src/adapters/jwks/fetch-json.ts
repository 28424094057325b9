/**
 * A small document from an address that somebody else named: https only (http where the issuer itself is loopback), every
 * address resolved and checked before it is dialled, the checked address dialled, no redirect, bounded in size and time.
 */
import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Agent, request } from 'undici';
import { isLoopback } from '@sallyport/guard';

const BYTES_MAX = 256 * 1024;
const TIMEOUT_MS = 5_000;

/** RFC 6890 special-purpose ranges, and what wraps IPv4 inside IPv6. */
const PRIVATE = { ipv4: new BlockList(), ipv6: new BlockList() }; // Two lists: in one, ::ffff:0:0/96 would match every IPv4 address.
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

export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  return isIP(address) !== 0 && !PRIVATE[family].check(address, family);
};

/** Resolves once, refuses when any address is private, and hands the checked ones to the socket. */
const checkedLookup = (
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

const guarded = new Agent({ connect: { lookup: checkedLookup as never, timeout: TIMEOUT_MS } });
const local = new Agent({ connect: { timeout: TIMEOUT_MS } });

/**
 * @param issuer what the operator configured: on its own host the operator vouches for the address, elsewhere nobody does.
 * @throws Error when the address is not allowed or the answer is not a small JSON document.
 */
export async function fetchJson(url: URL, issuer: string): Promise<unknown> {
  const own = new URL(issuer);
  const vouched = url.hostname === own.hostname;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(own.hostname) && vouched))
    throw new Error('only https is allowed');
  if (url.username !== '' || url.password !== '') throw new Error('the address must not carry credentials');
  if (
    !vouched &&
    isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0 &&
    !isPublicAddress(url.hostname.replace(/^\[|\]$/g, ''))
  )
    throw new Error('the address is private');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { statusCode, headers, body } = await request(url, {
    dispatcher: vouched ? local : guarded,
    signal,
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) throw new Error(`the document is larger than ${BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  if (statusCode !== 200 || headers['content-encoding'] !== undefined) throw new Error(`the answer was ${statusCode}`);
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}
