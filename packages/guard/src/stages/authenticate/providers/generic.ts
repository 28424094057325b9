import { STANDARD_CLAIMS, type IdentityProvider } from './provider.ts';

/** Access tokens by RFC 9068: `typ` in their header tells them from ID tokens. */
export const generic: IdentityProvider = {
  refusedToken: () => undefined,
  incomplete: () => undefined,
  audiencesBeside: () => [],
  claims: STANDARD_CLAIMS,
  idTokenSubject: 'sub',
};
