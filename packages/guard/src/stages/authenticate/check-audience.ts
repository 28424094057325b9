import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { IDENTITY_PROVIDERS } from './providers/index.ts';
import { describeFound, refused } from './refused.ts';

/**
 * O11: exactly this gateway, and no other unless the issuer allows several (RFC 8707, RFC 9068 section 4). What the
 * provider adds to every token by itself does not count.
 */
export function checkAudience({ aud }: JsonObject, issuer: JwtIssuer): void {
  if (aud === issuer.audience) return;
  const found = describeFound(aud);
  if (!Array.isArray(aud) || !aud.every((audience) => typeof audience === 'string') || !aud.includes(issuer.audience))
    throw refused('audience', {
      of: { claim: 'aud', found, accept: `identity.issuers[].audience, which is ${issuer.audience}` },
    });
  if (issuer.multipleAudiences) return;
  const beside = IDENTITY_PROVIDERS[issuer.provider].audiencesBeside(issuer.issuer);
  if (!aud.every((audience) => audience === issuer.audience || beside.includes(audience)))
    throw refused('audience', {
      of: { claim: 'aud', found, accept: 'identity.issuers[].multipleAudiences (weakening)' },
    });
}
