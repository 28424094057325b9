/**
 * `uniqueItems` in linear time: ajv's own keyword compares every pair, so an array of 10,000 items would block the
 * process.
 */
import type { Json } from '../../call.ts';
import { canonicalize } from '../../json/canonical.ts';

/** The keyword for ajv. */
export const uniqueItems = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  error: { message: 'must NOT have duplicate items' },
  validate: (unique: boolean, items: readonly Json[]): boolean =>
    !unique ||
    new Set(items.map((item) => (typeof item === 'string' ? `"${item}` : canonicalize(item)))).size === items.length,
} as const;
