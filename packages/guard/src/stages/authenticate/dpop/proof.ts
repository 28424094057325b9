/**
 * One DPoP proof (RFC 9449 section 4.3): whoever sends this request has the private key that the token is bound to.
 */
import { createHash, hash } from 'node:crypto';
import { calculateJwkThumbprint, compactVerify, importJWK, type JWK } from 'jose';
import { isObject } from '../../../json/is-object.ts';
import type { JsonObject } from '../../../call.ts';
import { readCompactJwt } from '../compact-jwt.ts';
import { describeFound, refused } from '../refused.ts';

/** The request that a proof must be for. */
export interface ProvenRequest {
  readonly method: string;
  /** The address of the endpoint, as clients reach it. */
  readonly url: string;
  /** The access token beside the proof. */
  readonly token: string;
}

/** What a proof says, with its signature verified. */
export interface Proof {
  /** RFC 7638 thumbprint of the key. */
  readonly keyThumbprint: string;
  readonly jti: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  readonly nonce: string | undefined;
  /** `content_digest`: of the raw body. */
  readonly contentDigest: string | undefined;
}

/**
 * Algorithms that a proof may use: asymmetric ones.
 *
 * @example
 * ```ts
 * const isTaken = (alg: string): boolean => PROOF_ALGORITHMS.includes(alg);
 * ```
 */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'RS256'];
/** How far the clock of the client may be off, either way. */
export const PROOF_AGE_SECONDS_MAX = 300;
const PROOF_CHARACTERS_MAX = 8_192;
const JTI_CHARACTERS_MAX = 256;
/** RSA with 4096 bits: the sender chooses the key, and a larger one costs more to verify before anyone is known. */
const MODULUS_CHARACTERS_MAX = 683;
const EXPONENT_CHARACTERS_MAX = 6;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * O18: reads one proof and verifies all that does not need memory.
 *
 * @throws GuardError `unauthenticated` with `invalid_dpop_proof`.
 */
export async function verifyProof(text: string, request: ProvenRequest, nowMs: number): Promise<Proof> {
  if (text.length > PROOF_CHARACTERS_MAX) throw proofRefused('DPoP', 'too long');
  const { header, payload } = readProof(text);
  const { alg, typ, jwk } = header;
  if (typ !== 'dpop+jwt') throw proofRefused('typ', describeFound(typ));
  if (typeof alg !== 'string' || !PROOF_ALGORITHMS.includes(alg)) throw proofRefused('alg', describeFound(alg));
  if (!isObject(jwk) || PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name)))
    throw proofRefused('jwk', 'not a public key');
  if (String(jwk['n'] ?? '').length > MODULUS_CHARACTERS_MAX || String(jwk['e'] ?? '').length > EXPONENT_CHARACTERS_MAX)
    throw proofRefused('jwk', 'a larger key than RSA needs');
  const keyThumbprint = await verifySignature(text, jwk, alg);
  return { keyThumbprint, ...checkProofClaims(payload, request, nowMs) };
}

function readProof(text: string): ReturnType<typeof readCompactJwt> {
  try {
    return readCompactJwt(text);
  } catch (cause) {
    throw proofRefused('DPoP', 'not a signed JWT', cause);
  }
}

async function verifySignature(text: string, jwk: JsonObject, alg: string): Promise<string> {
  try {
    const key = await importJWK(jwk as JWK, alg);
    await compactVerify(text, key, { algorithms: [alg] });
    return await calculateJwkThumbprint(jwk as JWK);
  } catch (cause) {
    throw proofRefused('DPoP', 'a signature that its key did not make', cause);
  }
}

function checkProofClaims(
  { htm, htu, iat, jti, ath, nonce, content_digest: contentDigest }: JsonObject,
  request: ProvenRequest,
  nowMs: number,
): Omit<Proof, 'keyThumbprint'> {
  if (htm !== request.method) throw proofRefused('htm', describeFound(htm));
  if (typeof htu !== 'string' || !isSameEndpoint(htu, request.url)) throw proofRefused('htu', describeFound(htu));
  if (ath !== hash('sha256', request.token, 'base64url')) throw proofRefused('ath', 'not of this access token');
  if (typeof jti !== 'string' || jti === '' || jti.length > JTI_CHARACTERS_MAX) throw proofRefused('jti', 'unusable');
  if (typeof iat !== 'number' || !(Math.abs(nowMs / 1000 - iat) <= PROOF_AGE_SECONDS_MAX))
    throw proofRefused('iat', describeFound(iat));
  if (nonce !== undefined && typeof nonce !== 'string') throw proofRefused('nonce', describeFound(nonce));
  if (contentDigest !== undefined && typeof contentDigest !== 'string')
    throw proofRefused('content_digest', describeFound(contentDigest));
  return { jti, iat, nonce, contentDigest };
}

/** Scheme, host, port and path; a proof has neither query nor fragment (RFC 9449 section 4.2). */
function isSameEndpoint(htu: string, endpoint: string): boolean {
  if (!URL.canParse(htu)) return false;
  const { origin, pathname, search, hash: fragment, username, password } = new URL(htu);
  const expected = new URL(endpoint);
  return origin === expected.origin && pathname === expected.pathname && search + fragment + username + password === '';
}

/** The value of `content_digest` for a body, as RFC 9530 writes it. */
export const contentDigestOf = (body: Uint8Array): string =>
  `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

/** @param found what of the claim was not accepted. */
export const proofRefused = (claim: string, found: string, cause?: unknown) =>
  refused('proof', {
    cause,
    of: { claim: `${claim} (of the DPoP proof)`, found, accept: 'a proof for this request, as RFC 9449 says' },
    data: { error: 'invalid_dpop_proof' },
  });
