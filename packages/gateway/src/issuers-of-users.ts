/** U5: the same subject of two issuers is two people, so that a name alone may not say who is meant. */
import { API_KEY_ISSUER } from '@sallyport/guard/stages';
import type { ApproverSelector } from '@sallyport/guard';

/** The tenants that an issuer may name, as they are configured. */
interface IssuerTenants {
  readonly issuer: string;
  readonly tenant?: string | undefined;
  readonly tenants?: readonly string[] | undefined;
}

/**
 * Whether two issuers may both name this user in one tenant. The operator makes API keys, so that their users are those
 * that the operator names.
 *
 * @param all tenants of an issuer that names none.
 */
export function isAmbiguousUser(
  { kind, issuer }: ApproverSelector,
  issuers: readonly IssuerTenants[],
  all: readonly string[],
): boolean {
  if (kind !== 'user' || issuer !== undefined) return false;
  const named = issuers.flatMap(({ tenant, tenants }) => [
    ...new Set(tenant === undefined ? (tenants ?? all) : [tenant]),
  ]);
  return new Set(named).size < named.length;
}

/** Whether a selector names an issuer of which nobody can come. */
export const isUnknownIssuer = ({ issuer }: ApproverSelector, issuers: readonly IssuerTenants[]): boolean =>
  issuer !== undefined && issuer !== API_KEY_ISSUER && !issuers.some((known) => known.issuer === issuer);
