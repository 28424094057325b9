/** The shortest text of every double is below 30 characters; the rest is room for zeros that somebody wrote. */
export const NUMBER_CHARACTERS_MAX = 128;

/**
 * Whether every parser reads the same number (RFC 7493 section 2.2): it fits a double without losing a digit, and an
 * integer is within ±(2^53 − 1).
 */
export function isExactNumber(literal: string): boolean {
  if (literal.length > NUMBER_CHARACTERS_MAX) return false;
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  const shortest = String(value);
  return literal === shortest || isSameDecimal(decimalOf(literal), decimalOf(shortest));
}

/** A decimal number as 0.DIGITS × 10^power. */
interface Decimal {
  readonly negative: boolean;
  /** Without zeros at either end: B1: found in loops, because `/0+$/` tries every zero as the beginning of the end. */
  readonly digits: string;
  readonly power: number;
}

const ZERO = 0x30;

/** @param literal a number of JSON: what else it may be is found by whoever parses the document. */
function decimalOf(literal: string): Decimal {
  const negative = literal.startsWith('-');
  const exponentAt = Math.max(literal.indexOf('e'), literal.indexOf('E'));
  const mantissa = literal.slice(negative ? 1 : 0, exponentAt === -1 ? undefined : exponentAt);
  const point = mantissa.indexOf('.');
  const digits = point === -1 ? mantissa : mantissa.slice(0, point) + mantissa.slice(point + 1);
  let start = 0;
  let end = digits.length;
  while (start < end && digits.charCodeAt(start) === ZERO) start++;
  while (end > start && digits.charCodeAt(end - 1) === ZERO) end--;
  const exponent = exponentAt === -1 ? 0 : Number(literal.slice(exponentAt + 1));
  return {
    negative,
    digits: digits.slice(start, end),
    power: exponent + (point === -1 ? mantissa.length : point) - start,
  };
}

const isSameDecimal = (a: Decimal, b: Decimal): boolean =>
  a.digits === b.digits && (a.digits === '' || (a.power === b.power && a.negative === b.negative));
