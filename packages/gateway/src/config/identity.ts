/** The key `identity` of the configuration: whose tokens are accepted. */
import { isLoopback } from '@sallyport/guard';
import { IDENTITY_PROVIDERS } from '@sallyport/guard/stages';
import type { IdentitySettings, IssuerSettings } from '../snapshot.ts';
import type { ParsedIssuer } from './schema.ts';
import type { ConfigInput } from './input.ts';
import { resolveSecret } from './secrets.ts';
import { closest } from './suggest.ts';

const DAY_SECONDS = 86_400;

/** The settings of identity; errors and weakenings go to the report. */
export function buildIdentity(input: ConfigInput): IdentitySettings {
  const { issuers, apiKeys, dpop } = input.config.identity;
  const seen = new Set<string>();
  for (const [index, { issuer }] of issuers.entries()) {
    if (seen.has(issuer)) input.report.error(['identity', 'issuers', index, 'issuer'], 'is configured twice');
    seen.add(issuer);
  }
  if (issuers.length === 0 && !apiKeys)
    input.report.error(['identity', 'apiKeys'], 'is false and there are no issuers, so nobody could be let in');
  return {
    issuers: issuers.map((issuer, index) => buildIssuer(input, issuer, index)),
    apiKeys,
    needsProofNonce: dpop.nonce === 'required',
  };
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
    provider: issuer.provider,
    accessTokenProfile: issuer.accessTokenProfile ?? (issuer.provider === 'generic' ? 'rfc9068' : 'provider'),
    requiredScopes: issuer.requiredScopes,
    introspection: issuer.introspection !== undefined,
    introspectionClient: introspectionOf(input, issuer, path),
    scopesSupported: issuer.scopesSupported ?? issuer.requiredScopes,
    claims: claimsOf(issuer),
    tenants: buildTenants(input, issuer, path),
    tenantWithoutClaim: issuer.tenant,
    allowedClients: issuer.allowedClients,
    senderConstrained: issuer.senderConstrained,
    clockSkewSeconds: issuer.clockSkew / 1000,
    lifetimeSecondsMax: issuer.maxTokenLifetime / 1000,
    jwksUri: issuer.jwksUri,
  };
}

function introspectionOf(
  { report, config, environment, folder }: ConfigInput,
  { issuer, introspection }: ParsedIssuer,
  path: readonly PropertyKey[],
): IssuerSettings['introspectionClient'] {
  if (introspection === undefined) return undefined;
  const asked = config.identity.issuers.find((one) => one.introspection !== undefined);
  if (asked?.issuer !== issuer)
    report.error([...path, 'introspection'], `cannot be here, because ${asked?.issuer} is asked already`);
  const { clientId, clientSecret } = introspection;
  const resolved = resolveSecret(clientSecret.secret, environment, folder);
  if ('value' in resolved) return { clientId, clientSecret: `${clientSecret.prefix ?? ''}${resolved.value}` };
  report.error([...path, 'introspection', 'clientSecret', 'secret'], resolved.error);
  return undefined;
}

/** What the configuration names, and what the provider calls the others. */
function claimsOf({ provider, claims, tenant }: ParsedIssuer): IssuerSettings['claims'] {
  const preset = IDENTITY_PROVIDERS[provider].claims;
  return {
    subject: claims.subject ?? preset.subject,
    // The provider's own organisations have other names than the one tenant that all its tokens are for.
    tenant: claims.tenant ?? (tenant === undefined ? preset : IDENTITY_PROVIDERS.generic.claims).tenant,
    roles: claims.roles ?? preset.roles,
    groups: claims.groups ?? preset.groups,
    agent: claims.agent ?? preset.agent,
    scopes: claims.scopes ?? preset.scopes,
    tier: claims.tier ?? preset.tier,
  };
}

/**
 * B14: the tenants that the issuer may name. Where there are several tenants, no default is right: all of them would
 * give each issuer the customers of the others.
 */
function buildTenants(input: ConfigInput, issuer: ParsedIssuer, path: readonly PropertyKey[]): readonly string[] {
  const { report, config } = input;
  const { tenant, tenants } = issuer;
  if (tenant !== undefined && tenants !== undefined) report.error([...path, 'tenant'], 'cannot be beside tenants');
  if (tenant === undefined && tenants === undefined && config.tenants.length > 1) {
    const names = config.tenants.length > NAMED_TENANTS_MAX ? '...' : config.tenants.join(', ');
    report.error(
      path,
      `must say for which tenants it may issue tokens, because there are several: tenants: [${names}], ` +
        'or tenant: NAME when all its tokens are for one',
    );
  }
  const named = tenant === undefined ? tenants : [tenant];
  for (const [index, name] of (named ?? []).entries()) {
    if (config.tenants.includes(name)) continue;
    const suggestion = closest(name, config.tenants);
    const question = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
    report.error([...path, ...(tenant === undefined ? ['tenants', index] : ['tenant'])], `no such tenant${question}`, [
      'tenants',
    ]);
  }
  return named ?? config.tenants;
}

/** More names than these would hide the rest of the message. */
const NAMED_TENANTS_MAX = 8;

function requireHttps(input: ConfigInput, path: readonly PropertyKey[], text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const allowed =
    url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
  if (!allowed) input.report.error(path, 'must be an https URL (http on loopback only)');
  else if (url.username !== '' || url.hash !== '') input.report.error(path, 'must not have credentials or a fragment');
}
