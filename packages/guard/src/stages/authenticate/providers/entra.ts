import { describeFound } from '../refused.ts';
import { idTokenClaim, STANDARD_CLAIMS, type IdentityProvider } from './provider.ts';

/**
 * Microsoft Entra ID, access tokens of version 2.0. `azp` is in its access tokens only, and one of `scp` (for a user)
 * and `roles` (for an application) always is. `sub` differs from application to application, so that the person who
 * approves would not be the person who asked: `oid` is the same everywhere in a directory.
 */
export const entra: IdentityProvider = {
  refusedToken(payload) {
    const { ver, azp, scp, roles, idtyp } = payload;
    if (ver !== '2.0')
      return {
        claim: 'ver',
        found: describeFound(ver),
        accept: 'requestedAccessTokenVersion: 2 in the manifest of the app registration',
      };
    if (typeof azp !== 'string')
      return { claim: 'azp', found: describeFound(azp), accept: 'nothing: the client must send the access token' };
    if (typeof scp !== 'string' && !Array.isArray(roles) && idtyp !== 'app')
      return {
        claim: 'scp',
        found: describeFound(scp),
        accept: 'a scope or an app role of the app registration, which the client asks for',
      };
    return idTokenClaim(payload);
  },
  incomplete({ hasgroups, groups, _claim_names: elsewhere }) {
    const isElsewhere = typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, 'groups');
    if (groups !== undefined || (hasgroups !== true && !isElsewhere)) return undefined;
    return {
      claim: 'groups',
      found: 'left out, because the user is in more groups than a token holds',
      accept: 'app roles instead of groups, or only the groups that are assigned to the application',
    };
  },
  audiencesBeside: () => [],
  claims: { ...STANDARD_CLAIMS, subject: 'oid', tenant: 'tid', agent: 'azp', scopes: 'scp' },
  idTokenSubject: 'oid',
};
