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
  return literal === shortest || normalized(literal) === normalized(shortest);
}

/** Digits without leading and trailing zeros, and the power of ten of the first: equal for equal decimals. */
function normalized(literal: string): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(literal);
  if (match === null) return 'malformed';
  const [, , whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const power = Number(exponent) + digits.length - fraction.length;
  return `${match[1]}${withoutTrailingZeros(digits)}e${power}`;
}

/** B1: a loop, because `/0+$/` tries every zero as the beginning of the end. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
