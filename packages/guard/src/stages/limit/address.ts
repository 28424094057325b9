import type { LimitRule } from '../../ports.ts';

/**
 * The bucket of an address before authentication. IPv6 by /64, because one subscriber has a whole /64.
 *
 * @example
 * ```ts
 * const rule = addressRule('2001:db8::1', 600);
 * ```
 */
export function addressRule(address: string, perMinute: number): LimitRule {
  return { scope: 'address', key: `address ${networkOf(address)}`, limit: perMinute, periodMs: 60_000 };
}

function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return `${[...front, ...gap, ...back]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
