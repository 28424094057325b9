/** The credential of a request: a bearer token (RFC 6750), or a token with a proof of possession (RFC 9449). */
import { timingSafeEqual } from 'node:crypto';
import type { Credentials } from '../../../call.ts';
import type { MaybePromise } from '../../../maybe-promise.ts';
import type { Clock } from '../../../ports.ts';
import { readScheme } from '../authorization-header.ts';
import { refused } from '../refused.ts';
import { createNonces } from './nonces.ts';
import { contentDigestOf, proofRefused, verifyProof } from './proof.ts';
import { createReplays } from './replays.ts';

/**
 * The head of a request, as far as it says who sends it.
 *
 * @example
 * ```ts
 * const isProven = ({ dpop }: RequestHead): boolean => dpop.length === 1;
 * ```
 */
export interface RequestHead {
  /** Every `Authorization` header. */
  readonly authorization: readonly string[];
  /** Every `DPoP` header. */
  readonly dpop: readonly string[];
  readonly method: string;
  /** The address of the endpoint, as clients reach it. */
  readonly url: string;
}

/** What proofs are checked with. */
export interface DpopDeps {
  readonly clock: Clock;
  /** At least 32 bytes, of this process alone: a proof with a nonce is then of no use at another one. */
  readonly nonceSecret: Uint8Array;
  /** Whether a proof must have a nonce that this process gave out; read for every request. */
  readonly needsNonce: () => boolean;
}

/**
 * Reads credentials. A proof is verified here; it is used up when its token is accepted, so that nobody without a token
 * of an issuer can fill the memory of used proofs.
 *
 * @returns credentials whose token is not verified yet. The proof of it is.
 * @throws GuardError `unauthenticated` with `invalid_dpop_proof` or `use_dpop_nonce`.
 * @example
 * ```ts
 * const nonceSecret = crypto.getRandomValues(new Uint8Array(32));
 * const read = createCredentialReader({ clock: systemClock, nonceSecret, needsNonce: () => false });
 * ```
 */
export function createCredentialReader({
  clock,
  nonceSecret,
  needsNonce,
}: DpopDeps): (head: RequestHead) => MaybePromise<Credentials> {
  const nonces = createNonces(nonceSecret, () => clock.now());
  const replays = createReplays(() => performance.now());
  const prove = async (token: string, { dpop, method, url }: RequestHead): Promise<Credentials> => {
    const [text, another] = dpop;
    if (text === undefined || another !== undefined) throw proofRefused('DPoP', `${dpop.length} headers`);
    const proof = await verifyProof(text, { method, url, token }, clock.now());
    const { keyThumbprint, jti, nonce, contentDigest } = proof;
    if (nonce === undefined ? needsNonce() : !nonces.isFresh(nonce))
      throw refused('proof', { data: { error: 'use_dpop_nonce', nonce: nonces.mint() } });
    let first: boolean | undefined;
    const isFirstUse = (): boolean => (first ??= replays.use(keyThumbprint, jti));
    return { kind: 'dpop', token, keyThumbprint, contentDigest, isFirstUse };
  };
  return (head) => {
    const credentials = readScheme(head.authorization);
    return credentials.kind === 'dpop' ? prove(credentials.token, head) : credentials;
  };
}

/**
 * O18: a proof with `content_digest` is for one body, byte for byte.
 *
 * @throws GuardError `unauthenticated` with `invalid_dpop_proof`.
 * @example
 * ```ts
 * const check = (credentials: Credentials): void => checkContentDigest(credentials, new Uint8Array());
 * ```
 */
export function checkContentDigest(credentials: Credentials, body: Uint8Array): void {
  if (credentials.kind !== 'dpop' || credentials.contentDigest === undefined) return;
  const given = Buffer.from(credentials.contentDigest);
  const expected = Buffer.from(contentDigestOf(body));
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw proofRefused('content_digest', 'of another body');
}
