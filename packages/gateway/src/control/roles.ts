/** Which roles of the control API somebody has, by the configuration in force. */
import { isSelected, type Identity, type Principal } from '@sallyport/guard';
import type { RoleBinding, Snapshot } from '../snapshot.ts';
import { ROLES, withContained, type ApiCaller, type Role } from './api/access.ts';

/** The issuer of users of API keys, whose roles are scopes of the key. */
const API_KEY_ISSUER = 'urn:sallyport:api-key';
const SCOPE_PREFIX = 'control:';

/** What decides about roles. */
type RoleSettings = Pick<Snapshot, 'control' | 'tenants' | 'identity'>;

/**
 * The roles of a caller with a bearer token.
 *
 * @returns `undefined` for a credential that is not meant for the control API: a key without a scope `control:…`, or an
 * access token of a client that `control.clients` does not name, such as an agent's (U5).
 */
export function rolesOfToken(
  identity: Identity,
  settings: RoleSettings,
): Pick<ApiCaller, 'roles' | 'installationRoles'> | undefined {
  const { user, agent, scopes } = identity.principal;
  const named = scopes
    .filter((scope) => scope.startsWith(SCOPE_PREFIX))
    .map((scope) => scope.slice(SCOPE_PREFIX.length));
  if (user.issuer === API_KEY_ISSUER) {
    if (named.length === 0) return undefined;
    return { roles: withContained(named.filter(isRole)), installationRoles: new Set() };
  }
  return settings.control.clients.includes(agent.clientId) ? rolesOfPerson(identity, settings) : undefined;
}

const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/** Ways to sign in with an issuer that prove who somebody is, wherever its tokens are used. None: every way does. */
export const stepUpAcrValuesOf = (issuer: string, { control }: Pick<RoleSettings, 'control'>): readonly string[] => [
  ...new Set(control.signIn.filter((offered) => offered.issuer === issuer).flatMap((one) => one.stepUpAcrValues)),
];

/** The roles of a person in the tenant that they act in. */
export function rolesOfPerson(
  { principal, tenant }: Identity,
  { control, tenants, identity }: RoleSettings,
): Pick<ApiCaller, 'roles' | 'installationRoles'> {
  // B14: an issuer gives roles only where it may speak, whatever a binding says.
  const spokenFor = identity.issuers.find(({ issuer }) => issuer === principal.user.issuer)?.tenants ?? [];
  const speaksForAll = tenants.every((name) => spokenFor.includes(name));
  const bound = control.roles.filter(({ to }) => to.some((selector) => isSelected(selector, principal)));
  const here = spokenFor.includes(tenant.id)
    ? bound.filter((binding) => isIn(binding, tenant.id, principal.tenantClaim))
    : [];
  const everywhere = speaksForAll ? bound.filter((binding) => binding.tenants === '*') : [];
  return {
    roles: withContained(here.map(({ role }) => role)),
    installationRoles: withContained(everywhere.map(({ role }) => role)),
  };
}

function isIn({ tenants }: RoleBinding, tenant: string, claimed: string | undefined): boolean {
  if (tenants === undefined) return tenant === claimed;
  return tenants === '*' || tenants.includes(tenant);
}

/** The tenants in which a person may act: the one of their claim first, then those to which a role is bound. */
export function tenantsOfPerson(principal: Principal, { control, tenants, identity }: RoleSettings): readonly string[] {
  const spokenFor = identity.issuers.find(({ issuer }) => issuer === principal.user.issuer)?.tenants ?? [];
  const bound = control.roles.filter(({ to }) => to.some((selector) => isSelected(selector, principal)));
  const { tenantClaim } = principal;
  const mayActIn = (tenant: string): boolean =>
    spokenFor.includes(tenant) &&
    (tenant === tenantClaim || bound.some((binding) => isIn(binding, tenant, tenantClaim)));
  return tenants.filter(mayActIn).sort((a, b) => Number(b === tenantClaim) - Number(a === tenantClaim));
}
