import { describeFound } from '../refused.ts';
import { STANDARD_CLAIMS, type IdentityProvider } from './provider.ts';

/**
 * Keycloak: the header says `typ: JWT`, the payload says which token it is (`Bearer`, `ID`, `Refresh`, `Logout`). The
 * audience `account` is that of its own account console, which every user with the default roles gets.
 */
export const keycloak: IdentityProvider = {
  refusedToken: ({ typ }) =>
    typ === 'Bearer'
      ? undefined
      : {
          claim: 'typ (of the payload)',
          found: describeFound(typ),
          accept: 'nothing: the client must send the access token, whose payload has typ "Bearer"',
        },
  incomplete: () => undefined,
  audiencesBeside: () => ['account'],
  claims: { ...STANDARD_CLAIMS, roles: 'realm_access.roles', agent: 'azp' },
  idTokenSubject: 'sub',
};
