/** Stage 1: who is it? */
import type { Principal } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Stages } from '../../guard.ts';
import type { Authenticator } from '../../ports.ts';
import { firstOf } from './first-of.ts';
import { ownCalls } from './own-calls.ts';
import { refused } from './refused.ts';

export { API_KEY_ISSUER, API_KEY_REMEMBERED_MS, createApiKeyAuthenticator, mintApiKey } from './api-key.ts';
export { readAuthorization } from './authorization-header.ts';
export { createBearerJwt, type BearerJwtDeps } from './bearer-jwt.ts';
export { firstOf } from './first-of.ts';
export type { JwtIssuer, KeySource } from './issuer.ts';
export { principalKey } from './principal-key.ts';
export type { TokenFault } from './refused.ts';

/**
 * @param authenticators asked in order; our own calls come first.
 * @param onRefused told the `error_type` of every refusal, for the metric.
 */
export function createAuthenticate(
  authenticators: readonly Authenticator[],
  onRefused: (type: string) => void,
): Stages['authenticate'] {
  const ask = firstOf(ownCalls, ...authenticators);
  const known = (principal: Principal | undefined, kind: string): Principal => {
    if (principal === undefined) throw refused(kind === 'none' ? 'missing' : 'malformed');
    return principal;
  };
  const report = (thrown: unknown): never => {
    if (thrown instanceof GuardError)
      onRefused(
        String((thrown.cause as Error | undefined)?.message ?? thrown.code).replace('credential refused: ', ''),
      );
    throw thrown;
  };
  return ({ credentials }) => {
    try {
      const answer = ask(credentials);
      return answer instanceof Promise
        ? answer.then((found) => known(found, credentials.kind)).catch(report)
        : known(answer, credentials.kind);
    } catch (thrown) {
      return report(thrown);
    }
  };
}
