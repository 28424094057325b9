/** `minimum`, `maximum`, their exclusive forms, and `multipleOf`. */
import type { Json } from '../../../call.ts';
import type { Check } from './evaluation.ts';
import type { SchemaReader } from './schema-reader.ts';

type Comparison = readonly [symbol: string, holds: (value: number, limit: number) => boolean];

const AT_LEAST: Comparison = ['>=', (value, limit) => value >= limit];
const ABOVE: Comparison = ['>', (value, limit) => value > limit];
const AT_MOST: Comparison = ['<=', (value, limit) => value <= limit];
const BELOW: Comparison = ['<', (value, limit) => value < limit];

const compare =
  ([symbol, holds]: Comparison, limit: number): Check =>
  (value, run) =>
    typeof value !== 'number' || holds(value, limit) || run.fail(`must be ${symbol} ${limit}`);

/** In draft 4 `exclusiveMinimum: true` makes `minimum` exclusive; no later draft gives it a boolean. */
function bound(schema: SchemaReader, names: readonly [string, string], including: Comparison, excluding: Comparison) {
  const [inclusive, exclusive] = names;
  const limit = schema.number(inclusive);
  const strict = schema.value(exclusive);
  if (typeof strict === 'boolean') return limit === undefined ? [] : [compare(strict ? excluding : including, limit)];
  const strictLimit = schema.number(exclusive);
  return [
    ...(limit === undefined ? [] : [compare(including, limit)]),
    ...(strictLimit === undefined ? [] : [compare(excluding, strictLimit)]),
  ];
}

/** All keywords about numbers. */
export const numberChecks = (schema: SchemaReader): readonly Check[] => [
  ...bound(schema, ['minimum', 'exclusiveMinimum'], AT_LEAST, ABOVE),
  ...bound(schema, ['maximum', 'exclusiveMaximum'], AT_MOST, BELOW),
  ...multipleOf(schema),
];

/** Exact in decimal: `0.07` is a multiple of `0.01`, although the quotient of the two doubles is no integer. */
function multipleOf(schema: SchemaReader): readonly Check[] {
  const divisor = schema.number('multipleOf');
  if (divisor === undefined) return [];
  if (divisor <= 0) throw schema.malformed('multipleOf', 'must be above 0');
  const isMultiple = (value: number): boolean =>
    Number.isSafeInteger(value) && Number.isSafeInteger(divisor)
      ? value % divisor === 0
      : isDecimalMultiple(decimalOf(value), decimalOf(divisor));
  return [
    (value: Json, run) => {
      if (typeof value !== 'number') return true;
      run.spend(MULTIPLE_STEPS);
      return isMultiple(value) || run.fail(`must be multiple of ${divisor}`);
    },
  ];
}

/** Two doubles differ by at most 650 decimal digits, so a division costs no more than this. */
const MULTIPLE_STEPS = 50;

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** The decimal that JSON writes for a double. */
function decimalOf(value: number): Decimal {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

function isDecimalMultiple(value: Decimal, divisor: Decimal): boolean {
  const shift = value.exponent - divisor.exponent;
  const scale = 10n ** BigInt(Math.abs(shift));
  return shift >= 0 ? (value.digits * scale) % divisor.digits === 0n : value.digits % (divisor.digits * scale) === 0n;
}
