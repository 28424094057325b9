/** `uniqueItems` in linear time: the standard keyword compares every pair, which an array of 10,000 turns into a weapon. */
import type { Json } from '../../call.ts';
import { canonicalize } from '../../json/canonical.ts';

export const uniqueItems = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  error: { message: 'must NOT have duplicate items' },
  validate: (wanted: boolean, items: readonly Json[]): boolean =>
    !wanted ||
    new Set(items.map((item) => (typeof item === 'string' ? `"${item}` : canonicalize(item)))).size === items.length,
} as const;
