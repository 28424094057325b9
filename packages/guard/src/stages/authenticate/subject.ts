/** Who a token is about: the value that must be the same in every token that is about the same person. */
import type { Agent, JsonObject } from '../../call.ts';
import { claimAt, type JwtIssuer } from './issuer.ts';
import { IDENTITY_PROVIDERS } from './providers/index.ts';
import { describeFound, refused } from './refused.ts';

/** As JSON in UTF-8: a longer one is refused, because stores look people up by it. OpenID Connect allows 255. */
const SUBJECT_BYTES_MAX = 1_024;

/** A client that acts for nobody is its own subject: its `sub` is its id, and a claim of users is not there. */
export function subjectOfAccessToken(payload: JsonObject, { claims }: JwtIssuer, agent: Agent): string {
  const { sub } = payload;
  const claimed = claimAt(payload, claims.subject);
  if (isSubject(claimed)) return claimed;
  if (claimed === undefined && isSubject(sub) && sub === agent.clientId) return sub;
  const accept = `identity.issuers[].claims.subject, with a text of at most ${SUBJECT_BYTES_MAX} bytes`;
  throw refused('claims', { of: { claim: claims.subject, found: describeFound(claimed), accept } });
}

/**
 * U2: who signed in, by the same value as in the access tokens of the issuer. Otherwise a person would be another one
 * on the page than in a call, and could approve the own call.
 *
 * @param claims of an ID token that was verified.
 * @returns `undefined` when the ID token does not say it, or says more than 1,024 bytes.
 * @example
 * ```ts
 * const isKnown = (claims: JsonObject, issuer: JwtIssuer): boolean => subjectOfIdToken(claims, issuer) !== undefined;
 * ```
 */
export function subjectOfIdToken(claims: JsonObject, issuer: JwtIssuer): string | undefined {
  const provider = IDENTITY_PROVIDERS[issuer.provider];
  const isPreset = issuer.claims.subject === provider.claims.subject;
  const subject = claimAt(claims, isPreset ? provider.idTokenSubject : issuer.claims.subject);
  return isSubject(subject) ? subject : undefined;
}

const isSubject = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && Buffer.byteLength(JSON.stringify(value)) <= SUBJECT_BYTES_MAX;
