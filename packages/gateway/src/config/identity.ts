/** The key `identity` of the configuration: whose tokens are accepted. */
import { isLoopback } from '@sallyport/guard';
import type { IdentitySettings, IssuerSettings } from '../snapshot.ts';
import type { ParsedIssuer } from './schema.ts';
import type { ConfigInput } from './input.ts';

const DAY_SECONDS = 86_400;

/** The settings of identity; errors and weakenings go to the report. */
export function buildIdentity(input: ConfigInput): IdentitySettings {
  const { issuers, apiKeys } = input.config.identity;
  const seen = new Set<string>();
  for (const [index, { issuer }] of issuers.entries()) {
    if (seen.has(issuer)) input.report.error(['identity', 'issuers', index, 'issuer'], 'is configured twice');
    seen.add(issuer);
  }
  if (issuers.length === 0 && !apiKeys)
    input.report.error(['identity', 'apiKeys'], 'is false and there are no issuers, so nobody could be let in');
  return { issuers: issuers.map((issuer, index) => buildIssuer(input, issuer, index)), apiKeys };
}

function buildIssuer(input: ConfigInput, issuer: ParsedIssuer, index: number): IssuerSettings {
  const path = ['identity', 'issuers', index];
  const { report } = input;
  requireHttps(input, [...path, 'issuer'], issuer.issuer);
  if (issuer.jwksUri !== undefined) requireHttps(input, [...path, 'jwksUri'], issuer.jwksUri);
  if (issuer.clockSkew > 60_000) report.error([...path, 'clockSkew'], 'must be at most 60s');
  if (issuer.multipleAudiences)
    report.weaken(`identity: tokens of ${issuer.issuer} may also be meant for others (multipleAudiences: true)`);
  if (issuer.accessTokenProfile === 'any-jwt')
    report.weaken(
      `identity: tokens of ${issuer.issuer} need not be access tokens by RFC 9068 (accessTokenProfile: any-jwt)`,
    );
  if (issuer.maxTokenLifetime > DAY_SECONDS * 1000)
    report.weaken(`identity: tokens of ${issuer.issuer} may live longer than a day (maxTokenLifetime)`);
  return {
    issuer: issuer.issuer,
    audience: issuer.audience,
    multipleAudiences: issuer.multipleAudiences,
    algorithms: issuer.algorithms,
    accessTokenProfile: issuer.accessTokenProfile,
    requiredScopes: issuer.requiredScopes,
    claims: issuer.claims,
    allowedClients: issuer.allowedClients,
    clockSkewSeconds: issuer.clockSkew / 1000,
    lifetimeSecondsMax: issuer.maxTokenLifetime / 1000,
    jwksUri: issuer.jwksUri,
  };
}

function requireHttps(input: ConfigInput, path: readonly PropertyKey[], text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const allowed =
    url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
  if (!allowed) input.report.error(path, 'must be an https URL (http on loopback only)');
  else if (url.username !== '' || url.hash !== '') input.report.error(path, 'must not have credentials or a fragment');
}
