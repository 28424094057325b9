import { hash } from 'node:crypto';
import type { Json } from '../call.ts';
import type { Digest } from '../identifiers.ts';
import { canonicalize } from './canonical.ts';

/**
 * The digest of a JSON document (RFC 8785, SHA-256): the same for every order of its members.
 *
 * @example
 * ```ts
 * const same = jsonDigest({ a: 1, b: 2 }) === jsonDigest({ b: 2, a: 1 });
 * ```
 */
export const jsonDigest = (document: Json): Digest =>
  `sha256:${hash('sha256', canonicalize(document), 'hex')}` as Digest;
