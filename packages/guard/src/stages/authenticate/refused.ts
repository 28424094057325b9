import type { JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';

/**
 * Why a credential was refused: the `error_type` label of `mcp_token_validation_errors_total`. The caller never sees
 * it.
 */
export type TokenFault =
  | 'missing'
  | 'malformed'
  | 'algorithm'
  | 'header'
  | 'type'
  | 'issuer'
  | 'key'
  | 'signature'
  | 'claims'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'lifetime'
  | 'client'
  | 'bound'
  | 'proof'
  | 'inactive'
  | 'introspection'
  | 'scope'
  | 'api_key';

/**
 * What of a token was refused, for the log of the operator: the caller never sees it either.
 *
 * @example
 * ```ts
 * const line = ({ claim, found, accept }: RefusedClaim): string => `${claim} is ${found}; see ${accept}`;
 * ```
 */
export interface RefusedClaim {
  /** The member of the token's header or payload. */
  readonly claim: string;
  /** What it was, as {@link describeFound} says it. */
  readonly found: string;
  /** The setting that would accept it, or what the issuer must be told. */
  readonly accept: string;
}

/** For what differs from provider to provider. */
export const WHICH_PROVIDER = 'identity.issuers[].provider, which says whose access tokens they are';

/** Not in the error itself, which goes to places where nothing of a token may be read (A27). */
const claims = new WeakMap<GuardError, RefusedClaim>();

/** The same answer for every credential that is not accepted (RFC 6750 section 3.1). */
export function refused(
  fault: TokenFault,
  { of, cause, data }: { readonly of?: RefusedClaim; readonly cause?: unknown; readonly data?: JsonObject } = {},
): GuardError {
  const error = new GuardError('unauthenticated', {
    ...(fault !== 'missing' && { data: data ?? { error: 'invalid_token' } }),
    cause: new Error(`credential refused: ${fault}`, { cause }),
  });
  if (of !== undefined) claims.set(error, of);
  return error;
}

/** What {@link refused} was told. */
export const refusedClaimOf = (error: GuardError): RefusedClaim | undefined => claims.get(error);

const FOUND_CHARACTERS_MAX = 100;
const FOUND_ITEMS_MAX = 4;

/**
 * A claim that is no secret, for the log: short, on one line, and quoted, because anybody can send a token that says
 * anything. Of everything else only the kind is said.
 */
export function describeFound(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null || value === '') return value === null ? 'null' : 'empty';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return 'an object';
  const items = value.slice(0, FOUND_ITEMS_MAX).map((item) => (typeof item === 'string' ? quoted(item) : typeof item));
  return `[${items.join(', ')}${value.length > FOUND_ITEMS_MAX ? `, and ${value.length - FOUND_ITEMS_MAX} more` : ''}]`;
}

const quoted = (text: string): string => {
  const cut = text.length > FOUND_CHARACTERS_MAX ? `${text.slice(0, FOUND_CHARACTERS_MAX)}…` : text;
  return JSON.stringify(cut.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, '?'));
};

/** Before the signature is verified a token may say anything: what does not look as it should is not repeated. */
export const describeUnverified = (value: unknown, shape: RegExp): string =>
  typeof value === 'string' && value !== '' && !shape.test(value) ? 'a text' : describeFound(value);
