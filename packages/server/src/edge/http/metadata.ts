/** RFC 9728: which authorization servers the gateway trusts, for itself and for every server's endpoint. */
import type { GuardError, JsonObject } from '@sallyport/guard';
import { PROOF_ALGORITHMS } from '@sallyport/guard/stages';
import type { EdgeSnapshot } from '../deps.ts';
import type { Route } from '../names/route.ts';

/** Where the metadata of `/mcp` is; the path of another endpoint is appended (RFC 9728, section 3.1). */
export const METADATA_PATH = '/.well-known/oauth-protected-resource';

/** The metadata document of one endpoint (RFC 9728, section 2). @param endpoint path of the protected resource. */
export function protectedResource({ gateway, issuers }: EdgeSnapshot, endpoint: string): JsonObject {
  const scopes = scopesOf(issuers, 'scopesSupported');
  return {
    resource: `${gateway.publicUrl}${endpoint}`,
    authorization_servers: issuers.map(({ issuer }) => issuer),
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    ...(issuers.length > 0 &&
      issuers.every(({ senderConstrained }) => senderConstrained) && { dpop_bound_access_tokens_required: true }),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    resource_name: 'Sallyport',
  };
}

/** The `WWW-Authenticate` header of an error that needs another credential; no header for any other error. */
export function challengeHeaders(
  { gateway, issuers }: EdgeSnapshot,
  { endpoint }: Route,
  error: GuardError,
): Readonly<Record<string, string>> {
  if (error.code !== 'unauthenticated' && error.code !== 'insufficient_scope') return {};
  const { error: fault, scope, nonce } = error.detail.data ?? {};
  const isOfProof = fault === 'invalid_dpop_proof' || fault === 'use_dpop_nonce';
  return {
    'WWW-Authenticate': challenge(
      isOfProof ? 'DPoP' : 'Bearer',
      `${gateway.publicUrl}${METADATA_PATH}${endpoint}`,
      typeof scope === 'string' ? scope : scopesOf(issuers, 'requiredScopes').join(' '),
      typeof fault === 'string' ? fault : undefined,
    ),
    // RFC 9449 section 9: the client tries again with this one.
    ...(typeof nonce === 'string' && { 'DPoP-Nonce': nonce }),
  };
}

/**
 * RFC 6750 section 3 or RFC 9449 section 7.1, with RFC 9728 section 5.1. Every value comes from the configuration or
 * from the table of errors.
 */
export function challenge(
  scheme: 'Bearer' | 'DPoP',
  metadataUrl: string,
  scope: string,
  error: string | undefined,
): string {
  const parameters = [`resource_metadata=${quoted(metadataUrl)}`];
  if (scope !== '') parameters.push(`scope=${quoted(scope)}`);
  if (error !== undefined) parameters.push(`error=${quoted(error)}`);
  if (scheme === 'DPoP') parameters.push(`algs=${quoted(PROOF_ALGORITHMS.join(' '))}`);
  return `${scheme} ${parameters.join(', ')}`;
}

const quoted = (value: string): string => `"${value.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '')}"`;

const scopesOf = (issuers: EdgeSnapshot['issuers'], which: 'requiredScopes' | 'scopesSupported'): readonly string[] => [
  ...new Set(issuers.flatMap((issuer) => issuer[which])),
];
