/**
 * A JWS in compact serialisation (RFC 7515 section 3.1), with one reading only: canonical base64url, strict JSON, no
 * JWE, and none of the header parameters that ask the verifier to fetch or decode something.
 */
import type { JsonObject } from '../../call.ts';
import { isObject } from '../../json/is-object.ts';
import { parseStrict } from '../../json/strict.ts';
import { refused } from './refused.ts';

/** The two readable parts; nothing is verified yet. */
export interface CompactJwt {
  readonly header: JsonObject;
  readonly payload: JsonObject;
}

const LIMITS = { bytesMax: 16_384, depthMax: 8, keysMax: 256 };
/**
 * RFC 7515 and RFC 7797 parameters that change how the token is read. `jku`, `jwk`, `x5u` and `x5c` are ignored
 * instead.
 */
const FORBIDDEN = ['crit', 'b64', 'zip', 'enc', 'cty'];

/** @throws GuardError `unauthenticated` for a text that is not such a JWS. */
export function readCompactJwt(token: string): CompactJwt {
  const parts = token.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || !payload || !signature) throw refused('malformed');
  if (!parts.every(isCanonical)) throw refused('malformed');
  const jwt = { header: objectOf(header), payload: objectOf(payload) };
  if (FORBIDDEN.some((name) => Object.hasOwn(jwt.header, name))) throw refused('header');
  return jwt;
}

const isCanonical = (part: string): boolean =>
  /^[A-Za-z0-9_-]+$/.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part;

function objectOf(part: string): JsonObject {
  try {
    const { value } = parseStrict(Buffer.from(part, 'base64url'), LIMITS);
    if (isObject(value)) return value;
  } catch (cause) {
    throw refused('malformed', { cause });
  }
  throw refused('malformed');
}
