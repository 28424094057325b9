import { describeFound } from '../refused.ts';
import { STANDARD_CLAIMS, type IdentityProvider } from './provider.ts';

/**
 * Google: its access tokens are opaque and for Google's own APIs. What it signs for an API of somebody else is an ID
 * token whose audience is that API, as service accounts and Cloud Run send it. An ID token of a sign-in in a browser
 * names an OAuth client as its audience instead and has a nonce.
 */
export const google: IdentityProvider = {
  refusedToken({ nonce, email, email_verified: isVerified }) {
    if (nonce !== undefined)
      return { claim: 'nonce', found: 'present', accept: 'nothing: this ID token is for a page that somebody opened' };
    if (email !== undefined && isVerified !== true)
      return { claim: 'email_verified', found: describeFound(isVerified), accept: 'an address that Google verified' };
    return undefined;
  },
  incomplete: () => undefined,
  audiencesBeside: () => [],
  claims: { ...STANDARD_CLAIMS, tenant: 'hd', agent: 'azp' },
  idTokenSubject: 'sub',
};
