import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { refused } from './refused.ts';

/** O11: exactly this gateway, and no other unless the issuer allows several (RFC 8707, RFC 9068 section 4). */
export function checkAudience({ aud }: JsonObject, issuer: JwtIssuer): void {
  if (aud === issuer.audience) return;
  if (!Array.isArray(aud) || !aud.every((audience) => typeof audience === 'string') || !aud.includes(issuer.audience))
    throw refused('audience');
  if (aud.length > 1 && !issuer.multipleAudiences) throw refused('audience');
}
