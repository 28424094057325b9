/**
 * Sign-in by OpenID Connect on `openid-client`: the authorization code flow with PKCE, state and nonce. The ID token's
 * signature, issuer (also that of RFC 9207), audience, times and nonce are checked; nothing of it is remembered here.
 */
import type { JsonObject } from '@sallyport/guard';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type Configuration,
} from 'openid-client';
import type { BegunSignIn, SignedInPerson, SignInProvider } from '../../sign-in-provider.ts';
import type { SignInSettings } from '../../snapshot.ts';
import { discover } from './discover.ts';

/** How long metadata and keys of an issuer are used before they are fetched again. */
const METADATA_MS = 10 * 60_000;
const CLIENTS_MAX = 64;

/** @param nowMs for the age of metadata. */
export function createRelyingParty(nowMs: () => number = () => performance.now()): SignInProvider {
  const known = new Map<string, { readonly configuration: Promise<Configuration>; readonly fetchedAtMs: number }>();
  const configurationOf = (client: SignInSettings): Promise<Configuration> => {
    const name = JSON.stringify([client.issuer, client.clientId, client.clientSecret]);
    const entry = known.get(name);
    if (entry !== undefined && nowMs() - entry.fetchedAtMs < METADATA_MS) return entry.configuration;
    const configuration = discover(client.issuer, client.clientId, client.clientSecret);
    if (known.size >= CLIENTS_MAX) known.clear();
    known.set(name, { configuration, fetchedAtMs: nowMs() });
    configuration.catch(() => known.delete(name));
    return configuration;
  };
  return {
    begin: async (client, redirectUri, stepUp) => begin(await configurationOf(client), client, redirectUri, stepUp),
    finish: async (client, callback, begun) => finish(await configurationOf(client), callback, begun),
  };
}

async function begin(
  configuration: Configuration,
  { scopes }: SignInSettings,
  redirectUri: string,
  stepUp: { readonly acrValues: readonly string[] } | undefined,
): Promise<{ readonly url: string; readonly begun: BegunSignIn }> {
  const verifier = randomPKCECodeVerifier();
  const begun = { state: randomState(), nonce: randomNonce(), verifier, redirectUri };
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: [...new Set(['openid', ...scopes])].join(' '),
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: begun.state,
    nonce: begun.nonce,
    ...(stepUp !== undefined && { prompt: 'login', max_age: '0' }),
    ...(stepUp !== undefined && stepUp.acrValues.length > 0 && { acr_values: stepUp.acrValues.join(' ') }),
  });
  return { url: url.href, begun: { ...begun, maxAgeSeconds: stepUp === undefined ? undefined : STEP_UP_SECONDS } };
}

/** How long ago the person may have proved who they are: the time that the way back may take. */
const STEP_UP_SECONDS = 120;

async function finish(configuration: Configuration, callback: URL, begun: BegunSignIn): Promise<SignedInPerson> {
  // The address of this listener as it was registered: what a Host header says must not matter.
  const address = new URL(begun.redirectUri);
  address.search = callback.search;
  const tokens = await authorizationCodeGrant(configuration, address, {
    pkceCodeVerifier: begun.verifier,
    expectedState: begun.state,
    expectedNonce: begun.nonce,
    ...(begun.maxAgeSeconds !== undefined && { maxAge: begun.maxAgeSeconds }),
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (claims === undefined) throw new Error('the answer has no ID token');
  const info =
    configuration.serverMetadata().userinfo_endpoint === undefined
      ? {}
      : await fetchUserInfo(configuration, tokens.access_token, claims.sub);
  const { acr, sid } = claims;
  return {
    subject: claims.sub,
    claims: JSON.parse(JSON.stringify({ ...info, ...claims })) as JsonObject,
    authTimeSeconds: claims.auth_time,
    acr: typeof acr === 'string' ? acr : undefined,
    sid: typeof sid === 'string' ? sid : undefined,
  };
}
