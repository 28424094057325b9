/** Which IP addresses may be connected to: one table, for every address that somebody outside the operator names. */
import { BlockList, isIP } from 'node:net';

/**
 * `public`: of the internet. `private`: of this machine or a private network; only for hosts that the operator named.
 * `forbidden`: metadata services, link-local, multicast, reserved, and forms that wrap an IPv4 address; for nobody.
 *
 * @example
 * ```ts
 * const mayReach = (kind: AddressKind, isInternal: boolean): boolean =>
 *   kind === 'public' || (kind === 'private' && isInternal);
 * ```
 */
export type AddressKind = 'public' | 'private' | 'forbidden';

type Range = readonly [network: string, prefix: number];

/** Metadata services and platform agents of clouds, some of them inside ranges that are otherwise usable. */
const METADATA: readonly Range[] = [
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['fd00:ec2::', 32],
  ['fd20:ce::', 32],
];

/** RFC 1918, RFC 6598, RFC 4193 and loopback. */
const PRIVATE: readonly Range[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
];

/** RFC 6890 special-purpose ranges, and those that wrap IPv4 inside IPv6. */
const SPECIAL: readonly Range[] = [
  ['0.0.0.0', 8],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 96],
  ['::ffff:0:0', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** Two lists for each table, because in a common one ::ffff:0:0/96 would match every IPv4 address. */
function listsOf(ranges: readonly Range[]): Readonly<Record<'ipv4' | 'ipv6', BlockList>> {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [network, prefix] of ranges) {
    const family = network.includes(':') ? 'ipv6' : 'ipv4';
    lists[family].addSubnet(network, prefix, family);
  }
  return lists;
}

/** The first table that holds an address decides. */
const KINDS: readonly (readonly [ReturnType<typeof listsOf>, AddressKind])[] = [
  [listsOf(METADATA), 'forbidden'],
  [listsOf(PRIVATE), 'private'],
  [listsOf(SPECIAL), 'forbidden'],
];

/**
 * What an address is; text that is no IP address, or has a zone (`fe80::1%eth0`), is `forbidden`.
 *
 * @example
 * ```ts
 * const isMetadata = addressKind('169.254.169.254') === 'forbidden';
 * ```
 */
export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  if (version === 0 || address.includes('%')) return 'forbidden';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return KINDS.find(([lists]) => lists[family].check(address, family))?.[1] ?? 'public';
}
