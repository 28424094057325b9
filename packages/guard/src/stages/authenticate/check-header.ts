import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { describeUnverified, refused, WHICH_PROVIDER } from './refused.ts';

const KID_CHARACTERS_MAX = 256;
const NOT_ACCESS_TOKENS =
  /^(application\/)?(id|logout|dpop|refresh|rt|secevent|oauth-id-jag|token-introspection)\+jwt$/i;
/** Asymmetric only: with HMAC, the public key itself could serve as the shared secret (RFC 8725 section 2.1). */
const ASYMMETRIC = /^(RS|PS|ES)(256|384|512)$|^(EdDSA|Ed25519)$/;

/**
 * O1, O2, O4, O16: the configuration allows the algorithm, `typ` says access token, and `kid` is a short string or
 * absent.
 */
export function checkHeader(
  header: JsonObject,
  issuer: JwtIssuer,
): { readonly algorithm: string; readonly kid: string | undefined } {
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !ASYMMETRIC.test(alg) || !issuer.algorithms.includes(alg))
    throw refused('algorithm', {
      of: {
        claim: 'alg',
        found: describeUnverified(alg, /^[A-Za-z0-9]{1,8}$/),
        accept: 'identity.issuers[].algorithms',
      },
    });
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > KID_CHARACTERS_MAX))
    throw refused('header');
  const of = { claim: 'typ', found: describeUnverified(typ, /^[a-z0-9+/.-]{1,32}$/i), accept: WHICH_PROVIDER };
  if (typ !== undefined && typeof typ !== 'string') throw refused('type', { of });
  const isAccessToken = typ !== undefined && /^(application\/)?at\+jwt$/i.test(typ);
  if (issuer.accessTokenProfile === 'rfc9068' ? !isAccessToken : typ !== undefined && NOT_ACCESS_TOKENS.test(typ))
    throw refused('type', { of });
  return { algorithm: alg, kid };
}
