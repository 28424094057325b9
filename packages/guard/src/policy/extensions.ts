/**
 * Cedar's extension types: decimal, datetime, duration and ipaddr, as the Cedar reference defines their texts and
 * functions.
 */
import { EvaluationError, type ExtensionValue, type Value } from './values.ts';

/** @throws EvaluationError for a number that does not fit 64 bits. */
export function checkedLong(amount: bigint): bigint {
  if (BigInt.asIntN(64, amount) !== amount) throw new EvaluationError('integer overflow');
  return amount;
}

function textOf(value: Value | undefined): string {
  if (typeof value !== 'string') throw new EvaluationError('an extension function needs a string');
  return value;
}

/** `12.34`: up to four fractional digits. */
export function decimal(text: string): ExtensionValue {
  const match = /^(-?)(\d+)\.(\d{1,4})$/.exec(text);
  if (match === null) throw new EvaluationError('not a decimal');
  const amount = BigInt(`${match[2]}${(match[3] ?? '').padEnd(4, '0')}`);
  return { kind: 'decimal', amount: checkedLong(match[1] === '-' ? -amount : amount) };
}

/** ISO 8601 with an optional time and offset. */
export function datetime(text: string): ExtensionValue {
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2})(\.\d{3})?(Z|[+-]\d{4}))?$/.exec(text);
  const [, date = '', time = '00:00:00', fraction = '.000', zone = 'Z'] = match ?? [];
  const millis = Date.parse(`${date}T${time}${fraction}Z`);
  if (match === null || Number.isNaN(millis) || !new Date(millis).toISOString().startsWith(`${date}T${time}`))
    throw new EvaluationError('not a datetime');
  return { kind: 'datetime', amount: BigInt(millis) - offsetOf(zone) };
}

function offsetOf(zone: string): bigint {
  if (zone === 'Z') return 0n;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3, 5))];
  if (hours > 23 || minutes > 59) throw new EvaluationError('not a datetime');
  return BigInt((zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000);
}

/** `1d2h3m4s5ms`, with an optional sign. */
export function duration(text: string): ExtensionValue {
  const match = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (match === null || text === '' || text === '-') throw new EvaluationError('not a duration');
  const [, sign, ...parts] = match;
  const units = [86_400_000n, 3_600_000n, 60_000n, 1_000n, 1n];
  const amount = units.reduce((sum, unit, index) => sum + BigInt(parts[index] ?? 0) * unit, 0n);
  return { kind: 'duration', amount: checkedLong(sign === '-' ? -amount : amount) };
}

/** An IPv4 or IPv6 address, or a range in CIDR notation. */
export function ip(text: string): ExtensionValue {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = address.includes(':') ? 6 : 4;
  const amount = version === 4 ? ipv4(address) : ipv6(address);
  const width = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? width : prefixBits(prefix);
  if (amount === undefined || rest.length > 0 || !(bits <= width)) throw new EvaluationError('not an ip address');
  return { kind: 'ip', amount, prefix: bits, version };
}

const prefixBits = (text: string): number => (/^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : Number.NaN);

function ipv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
}

function ipv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined): string[] => (half === undefined || half === '' ? [] : half.split(':'));
  const [front, back] = [groups(halves[0]), groups(halves[1])];
  const gap = 8 - front.length - back.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return undefined;
  const all = [...front, ...Array.from({ length: halves.length === 2 ? gap : 0 }, () => '0'), ...back];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

function inRange(address: ExtensionValue, range: ExtensionValue): boolean {
  if (address.version !== range.version) return false;
  const width = address.version === 4 ? 32 : 128;
  const shift = BigInt(width - (range.prefix ?? width));
  return (address.prefix ?? width) >= (range.prefix ?? width) && address.amount >> shift === range.amount >> shift;
}

const LOOPBACK = [ip('127.0.0.0/8'), ip('::1/128')];
const MULTICAST = [ip('224.0.0.0/4'), ip('ff00::/8')];
const DAY = 86_400_000n;

type Kind = ExtensionValue['kind'];
function as(kind: Kind, value: Value | undefined): ExtensionValue {
  if (typeof value !== 'object' || value.kind !== kind) throw new EvaluationError(`a ${kind} is needed`);
  return value as ExtensionValue;
}

const compare =
  (test: (order: bigint) => boolean) =>
  (a?: Value, b?: Value): boolean =>
    test(as('decimal', a).amount - as('decimal', b).amount);
const total =
  (unit: bigint) =>
  (a?: Value): bigint =>
    as('duration', a).amount / unit;
const floorDay = (millis: bigint): bigint =>
  ((millis % DAY) + DAY) % DAY === 0n ? millis : millis - (((millis % DAY) + DAY) % DAY);

/** By the name of the JSON policy format. The receiver of a method is the first argument. */
export const EXTENSIONS: ReadonlyMap<string, (a?: Value, b?: Value) => Value> = new Map<
  string,
  (a?: Value, b?: Value) => Value
>([
  ['decimal', (a) => decimal(textOf(a))],
  ['lessThan', compare((order) => order < 0n)],
  ['lessThanOrEqual', compare((order) => order <= 0n)],
  ['greaterThan', compare((order) => order > 0n)],
  ['greaterThanOrEqual', compare((order) => order >= 0n)],
  ['ip', (a) => ip(textOf(a))],
  ['isIpv4', (a) => as('ip', a).version === 4],
  ['isIpv6', (a) => as('ip', a).version === 6],
  ['isLoopback', (a) => LOOPBACK.some((range) => inRange(as('ip', a), range))],
  ['isMulticast', (a) => MULTICAST.some((range) => inRange(as('ip', a), range))],
  ['isInRange', (a, b) => inRange(as('ip', a), as('ip', b))],
  ['datetime', (a) => datetime(textOf(a))],
  ['duration', (a) => duration(textOf(a))],
  [
    'offset',
    (a, b) => ({ kind: 'datetime', amount: checkedLong(as('datetime', a).amount + as('duration', b).amount) }),
  ],
  [
    'durationSince',
    (a, b) => ({ kind: 'duration', amount: checkedLong(as('datetime', a).amount - as('datetime', b).amount) }),
  ],
  ['toDate', (a) => ({ kind: 'datetime', amount: checkedLong(floorDay(as('datetime', a).amount)) })],
  ['toTime', (a) => ({ kind: 'duration', amount: as('datetime', a).amount - floorDay(as('datetime', a).amount) })],
  ['toMilliseconds', total(1n)],
  ['toSeconds', total(1_000n)],
  ['toMinutes', total(60_000n)],
  ['toHours', total(3_600_000n)],
  ['toDays', total(DAY)],
]);
