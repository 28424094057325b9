/**
 * Access tokens that say nothing by themselves: their issuer is asked (RFC 7662). The answer is then checked as the
 * claims of a JWT are, and remembered for no longer.
 */
import { BoundedMap } from '../../bounded-map.ts';
import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { describeFound, refused } from './refused.ts';

/**
 * Asks an issuer about one of its tokens.
 *
 * @returns what the issuer says of it; `undefined` when the token is not active. Rejects when there is no answer.
 * @example
 * ```ts
 * const nothingIsActive: Introspect = async () => undefined;
 * ```
 */
export type Introspect = (issuer: string, token: string) => Promise<JsonObject | undefined>;

/** What an issuer said of a token. */
export interface IntrospectedToken {
  readonly payload: JsonObject;
  readonly issuer: JwtIssuer;
}

/** How long a token that is not active is refused without another question (O21). */
export const INACTIVE_REMEMBERED_MS = 10_000;
const INACTIVE_MAX = 10_000;
/** Anybody can send tokens that nobody knows: an issuer is asked about so many at a time. */
const QUESTIONS_MAX = 64;
/** RFC 6749 section 7.1 and RFC 9449 section 5: a refresh token is active too, and is none of these. */
const TYPES = ['bearer', 'dpop'];

/**
 * @param nowMs of a clock that only goes forward.
 * @throws GuardError `unauthenticated` for a token that is not active, and when the issuer cannot be asked.
 */
export function createIntrospection(
  introspect: Introspect,
  nowMs: () => number,
): (token: string, fingerprint: string, issuer: JwtIssuer) => Promise<IntrospectedToken> {
  const inactive = new BoundedMap<string, number>(INACTIVE_MAX);
  const asked = new Map<string, Promise<JsonObject | undefined>>();
  const ask = async (token: string, fingerprint: string, issuer: JwtIssuer): Promise<JsonObject | undefined> => {
    const known = asked.get(fingerprint);
    if (known !== undefined) return known;
    if (asked.size >= QUESTIONS_MAX) throw new Error('too many tokens are being asked about');
    const answer = introspect(issuer.issuer, token).finally(() => asked.delete(fingerprint));
    asked.set(fingerprint, answer);
    return answer;
  };
  return async (token, fingerprint, issuer) => {
    if ((inactive.get(fingerprint) ?? -Infinity) > nowMs()) throw refused('inactive');
    const payload = await ask(token, fingerprint, issuer).catch((cause: unknown) => {
      const found = cause instanceof Error ? describeFound(cause.message) : 'no answer';
      throw refused('introspection', {
        cause,
        of: { claim: 'the answer of the introspection endpoint', found, accept: 'identity.issuers[].introspection' },
      });
    });
    if (payload === undefined) {
      inactive.set(fingerprint, nowMs() + INACTIVE_REMEMBERED_MS);
      throw refused('inactive');
    }
    checkAnswer(payload, issuer);
    return { payload, issuer };
  };
}

function checkAnswer({ iss, token_type: type }: JsonObject, { issuer }: JwtIssuer): void {
  if (iss !== undefined && iss !== issuer)
    throw refused('issuer', {
      of: { claim: 'iss', found: describeFound(iss), accept: `the issuer that was asked, ${issuer}` },
    });
  if (type !== undefined && (typeof type !== 'string' || !TYPES.includes(type.toLowerCase())))
    throw refused('type', {
      of: { claim: 'token_type', found: describeFound(type), accept: 'nothing: the client must send the access token' },
    });
}
