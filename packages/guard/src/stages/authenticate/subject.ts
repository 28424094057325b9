/** Who a token is about: the value that must be the same in every token that is about the same person. */
import type { Agent, JsonObject } from '../../call.ts';
import { claimAt, type JwtIssuer } from './issuer.ts';
import { IDENTITY_PROVIDERS } from './providers/index.ts';
import { describeFound, refused } from './refused.ts';

/** A client that acts for nobody is its own subject: its `sub` is its id, and a claim of users is not there. */
export function subjectOfAccessToken(payload: JsonObject, { claims }: JwtIssuer, agent: Agent): string {
  const { sub } = payload;
  const claimed = claimAt(payload, claims.subject);
  if (typeof claimed === 'string' && claimed !== '') return claimed;
  if (claimed === undefined && typeof sub === 'string' && sub !== '' && sub === agent.clientId) return sub;
  throw refused('claims', {
    of: { claim: claims.subject, found: describeFound(claimed), accept: 'identity.issuers[].claims.subject' },
  });
}

/**
 * U2: who signed in, by the same value as in the access tokens of the issuer. Otherwise a person would be another one
 * on the page than in a call, and could approve the own call.
 *
 * @param claims of an ID token that was verified.
 * @returns `undefined` when the ID token does not say it.
 * @example
 * ```ts
 * const isKnown = (claims: JsonObject, issuer: JwtIssuer): boolean => subjectOfIdToken(claims, issuer) !== undefined;
 * ```
 */
export function subjectOfIdToken(claims: JsonObject, issuer: JwtIssuer): string | undefined {
  const provider = IDENTITY_PROVIDERS[issuer.provider];
  const isPreset = issuer.claims.subject === provider.claims.subject;
  const subject = claimAt(claims, isPreset ? provider.idTokenSubject : issuer.claims.subject);
  return typeof subject === 'string' && subject !== '' ? subject : undefined;
}
