/**
 * Finds where an issuer's keys are: OpenID Connect Discovery 1.0, or RFC 8414 (the well-known part before the path).
 */
import type { fetchJson } from './fetch-json.ts';

/**
 * @returns the `jwks_uri` of the issuer's metadata.
 * @throws Error when no metadata document names this issuer and its keys.
 */
export async function discoverJwksUri(issuer: string, fetch: typeof fetchJson): Promise<string> {
  const base = new URL(issuer);
  const path = base.pathname.replace(/\/$/, '');
  const candidates = [
    `${base.origin}${path}/.well-known/openid-configuration`,
    `${base.origin}/.well-known/oauth-authorization-server${path}`,
    `${base.origin}/.well-known/openid-configuration${path}`,
  ];
  // All at once, so that an issuer that hangs is waited for once. Without a path two of the addresses are the same.
  const documents = await Promise.all(
    [...new Set(candidates)].map((url) => fetch(new URL(url), issuer).catch(() => undefined)),
  );
  for (const json of documents) {
    const document = json as { issuer?: unknown; jwks_uri?: unknown } | undefined;
    // RFC 8414 section 3.3: the document must name exactly this issuer.
    if (document?.issuer === issuer && typeof document.jwks_uri === 'string') return document.jwks_uri;
  }
  throw new Error(`no metadata of ${issuer} names its keys`);
}
