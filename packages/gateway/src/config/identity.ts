/** `identity:` → whose tokens are accepted. */
import { isLoopback } from '@sallyport/guard';
import type { IdentitySettings, IssuerSettings } from '../snapshot.ts';
import type { WrittenIssuer } from './schema.ts';
import type { Site } from './servers.ts';

const DAY_SECONDS = 86_400;

export function buildIdentity(site: Site): IdentitySettings {
  const { issuers, apiKeys } = site.written.identity;
  const seen = new Set<string>();
  for (const [index, { issuer }] of issuers.entries()) {
    if (seen.has(issuer)) site.report.error(['identity', 'issuers', index, 'issuer'], 'is configured twice');
    seen.add(issuer);
  }
  if (issuers.length === 0 && !apiKeys)
    site.report.error(['identity', 'apiKeys'], 'is false and there are no issuers, so nobody could be let in');
  return { issuers: issuers.map((issuer, index) => buildIssuer(site, issuer, index)), apiKeys };
}

function buildIssuer(site: Site, written: WrittenIssuer, index: number): IssuerSettings {
  const path = ['identity', 'issuers', index];
  const { report } = site;
  mustBeHttps(site, [...path, 'issuer'], written.issuer);
  if (written.jwksUri !== undefined) mustBeHttps(site, [...path, 'jwksUri'], written.jwksUri);
  if (written.clockSkew > 60_000) report.error([...path, 'clockSkew'], 'must be at most 60s');
  if (written.multipleAudiences)
    report.weaken(`identity: tokens of ${written.issuer} may also be meant for others (multipleAudiences: true)`);
  if (written.accessTokenProfile === 'any-jwt')
    report.weaken(
      `identity: tokens of ${written.issuer} need not be access tokens by RFC 9068 (accessTokenProfile: any-jwt)`,
    );
  if (written.maxTokenLifetime > DAY_SECONDS * 1000)
    report.weaken(`identity: tokens of ${written.issuer} may live longer than a day (maxTokenLifetime)`);
  return {
    issuer: written.issuer,
    audience: written.audience,
    multipleAudiences: written.multipleAudiences,
    algorithms: written.algorithms,
    accessTokenProfile: written.accessTokenProfile,
    requiredScopes: written.requiredScopes,
    claims: written.claims,
    allowedClients: written.allowedClients,
    clockSkewSeconds: written.clockSkew / 1000,
    lifetimeSecondsMax: written.maxTokenLifetime / 1000,
    jwksUri: written.jwksUri,
  };
}

function mustBeHttps(site: Site, path: readonly PropertyKey[], text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fine =
    url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
  if (!fine) site.report.error(path, 'must be an https URL (http on loopback only)');
  else if (url.username !== '' || url.hash !== '') site.report.error(path, 'must not have credentials or a fragment');
}
