/** Where an issuer's keys are: OpenID Connect Discovery 1.0, or RFC 8414 with the well-known part before the path. */
import type { fetchJson } from './fetch-json.ts';

export async function discoverJwksUri(issuer: string, fetch: typeof fetchJson): Promise<string> {
  const base = new URL(issuer);
  const path = base.pathname.replace(/\/$/, '');
  const places = [
    `${base.origin}${path}/.well-known/openid-configuration`,
    `${base.origin}/.well-known/oauth-authorization-server${path}`,
    `${base.origin}/.well-known/openid-configuration${path}`,
  ];
  // All at once (without a path two of them are one), so that an issuer that hangs is waited for once.
  const documents = await Promise.all(
    [...new Set(places)].map((place) => fetch(new URL(place), issuer).catch(() => undefined)),
  );
  for (const found of documents) {
    const document = found as { issuer?: unknown; jwks_uri?: unknown } | undefined;
    // RFC 8414 section 3.3: the document must name the issuer that was asked, to the letter.
    if (document?.issuer === issuer && typeof document.jwks_uri === 'string') return document.jwks_uri;
  }
  throw new Error(`no metadata of ${issuer} names its keys`);
}
