/**
 * Whether every parser reads the same number (RFC 7493 section 2.2): it fits a double without losing a digit, and an
 * integer is within ±(2^53 − 1).
 */
export function isExactNumber(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  return normalized(literal) === normalized(String(value));
}

/** Digits without leading and trailing zeros, and the power of ten of the first: equal for equal decimals. */
function normalized(literal: string): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(literal);
  if (match === null) return 'malformed';
  const [, , whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const power = Number(exponent) + digits.length - fraction.length;
  return `${match[1]}${digits.replace(/0+$/, '')}e${power}`;
}
