/** Stage 1: who calls? */
import type { Credentials, Principal } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Stages } from '../../guard.ts';
import { andThen, type MaybePromise } from '../../maybe-promise.ts';
import type { Authenticator } from '../../ports.ts';
import { firstOf } from './first-of.ts';
import { authenticateOwnCalls } from './own-calls.ts';
import { refused, refusedClaimOf, type RefusedClaim } from './refused.ts';

export { API_KEY_ISSUER, API_KEY_REMEMBERED_MS, createApiKeyAuthenticator, mintApiKey } from './api-key.ts';
export { readAuthorization } from './authorization-header.ts';
export { createAccessTokenAuthenticator } from './access-token.ts';
export { PROOF_ALGORITHMS } from './dpop/proof.ts';
export { checkContentDigest, createCredentialReader, type RequestHead } from './dpop/read.ts';
export { claimedUser } from './claimed-user.ts';
export type { Introspect } from './introspection.ts';
export { firstOf } from './first-of.ts';
export type { JwtIssuer, KeySource } from './issuer.ts';
export { principalKey, userPartOf } from './principal-key.ts';
export { IDENTITY_PROVIDERS, type IdentityProviderName } from './providers/index.ts';
export type { RefusedClaim } from './refused.ts';
export { subjectOfIdToken } from './subject.ts';

/**
 * The authenticate stage.
 *
 * @param authenticators tried in order, after the credentials of the gateway's own calls.
 * @param onRefused receives the `error_type` of every refusal, for the metric, and what of the token was refused, for
 * the log.
 * @example
 * ```ts
 * const authenticate = createAuthenticate([createApiKeyAuthenticator(createMemoryKeys(), systemClock)], () => {});
 * ```
 */
export function createAuthenticate(
  authenticators: readonly Authenticator[],
  onRefused: (type: string, claim: RefusedClaim | undefined) => void,
): Stages['authenticate'] {
  const authenticator = firstOf(authenticateOwnCalls, ...authenticators);
  const report = (thrown: unknown): never => {
    if (thrown instanceof GuardError) onRefused(faultOf(thrown), refusedClaimOf(thrown));
    throw thrown;
  };
  return ({ credentials }) => {
    try {
      const principal = authenticate(authenticator, credentials);
      return principal instanceof Promise ? principal.catch(report) : principal;
    } catch (thrown) {
      return report(thrown);
    }
  };
}

function authenticate(authenticator: Authenticator, credentials: Credentials): MaybePromise<Principal> {
  return andThen(authenticator(credentials), (principal) => {
    if (principal === undefined) throw refused(credentials.kind === 'none' ? 'missing' : 'malformed');
    return principal;
  });
}

/** The fault that {@link refused} put into the cause. */
const faultOf = ({ cause, code }: GuardError): string =>
  (cause instanceof Error ? cause.message : code).replace('credential refused: ', '');
