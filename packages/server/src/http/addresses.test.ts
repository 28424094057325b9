/** S2: which addresses are of the internet, of this machine or its network, or nobody's to connect to. */
import { describe, expect, it } from 'vitest';
import { addressKind } from './addresses.ts';

const PRIVATE = [
  ...['10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.254'],
  ...['172.16.0.1', '172.31.255.255', '192.168.0.1', '::1', 'fc00::1', 'fdff::1'],
];
const FORBIDDEN = [
  ...['169.254.0.1', '169.254.169.254', '100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254'],
  ...['0.0.0.0', '0.1.2.3', '192.0.0.1', '192.0.0.192', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255'],
  ...['198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::ffff:0:127.0.0.1'],
  ...['64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '2002:a00:1::'],
  ...['3fff::1', '5f00::1', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1', 'fe80::1%eth0', '', 'example.com', '127.1'],
];
const PUBLIC = [
  ...['9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '8.8.8.8'],
  ...['172.15.255.255', '172.32.0.0', '192.167.255.255', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
  ...['169.253.255.255', '169.255.0.0', '168.63.129.15', '2a00:1450::1', 'fbff::1', '2606:4700::1111'],
];

describe('S2 kinds of addresses', () => {
  it.each(PRIVATE)('S2 %s is private', (address) => expect(addressKind(address)).toBe('private'));
  it.each(FORBIDDEN)('S2 %j is forbidden', (address) => expect(addressKind(address)).toBe('forbidden'));
  it.each(PUBLIC)('S2 %s is public', (address) => expect(addressKind(address)).toBe('public'));
});
