import { describeFound } from '../refused.ts';
import { idTokenClaim, STANDARD_CLAIMS, type IdentityProvider } from './provider.ts';

/**
 * Auth0: the header says `typ: JWT` unless the API was set to the RFC 9068 profile. `azp` names the client and is not
 * in ID tokens. With the scope `openid` the UserInfo endpoint is a second audience.
 */
export const auth0: IdentityProvider = {
  refusedToken(payload) {
    const { azp, client_id: clientId, scope, gty } = payload;
    const client = azp ?? clientId;
    if (typeof client !== 'string')
      return { claim: 'azp', found: describeFound(client), accept: 'nothing: the client must send the access token' };
    if (typeof scope !== 'string' && gty !== 'client-credentials')
      return { claim: 'scope', found: describeFound(scope), accept: 'a scope of the API, which the client asks for' };
    return idTokenClaim(payload);
  },
  incomplete: () => undefined,
  audiencesBeside: (issuer) => [`${issuer.replace(/\/$/, '')}/userinfo`],
  claims: { ...STANDARD_CLAIMS, tenant: 'org_id', roles: 'permissions', agent: 'azp' },
  idTokenSubject: 'sub',
};
