import { describeFound } from '../refused.ts';
import { idTokenClaim, STANDARD_CLAIMS, type IdentityProvider } from './provider.ts';

/**
 * Okta, a custom authorization server: `cid` names the client and `scp` lists the scopes, both in access tokens only.
 * `sub` is the login of the user in access tokens and the id of the user in ID tokens; `uid` is that id.
 */
export const okta: IdentityProvider = {
  refusedToken(payload) {
    const { cid, scp } = payload;
    if (typeof cid !== 'string')
      return { claim: 'cid', found: describeFound(cid), accept: 'nothing: the client must send the access token' };
    if (!Array.isArray(scp))
      return { claim: 'scp', found: describeFound(scp), accept: 'nothing: the client must send the access token' };
    return idTokenClaim(payload);
  },
  incomplete: () => undefined,
  audiencesBeside: () => [],
  claims: { ...STANDARD_CLAIMS, subject: 'uid', agent: 'cid', scopes: 'scp' },
  idTokenSubject: 'sub',
};
