/** Who may use an endpoint: every route declares it, and the gateway does not start with one that does not. */
import type { Identity } from '@sallyport/guard';

/** The roles of people and machines, each bound to tenants by the configuration (`control.roles`). */
export const ROLES = ['viewer', 'approver', 'auditor', 'operator', 'admin'] as const;

/** One of them. */
export type Role = (typeof ROLES)[number];

/**
 * What a route asks of its caller. `none`: nothing, there is no caller. `person`: a credential; the endpoint shows only
 * what names the caller. Otherwise a role in the tenant that the caller acts in.
 */
export type Access = 'none' | 'person' | Role;

const CONTAINED: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer'],
  approver: ['approver', 'viewer'],
  auditor: ['auditor', 'viewer'],
  operator: ['operator', 'viewer'],
  admin: ROLES,
};

/** These roles with all that they contain. */
export const withContained = (roles: readonly Role[]): ReadonlySet<Role> =>
  new Set(roles.flatMap((role) => CONTAINED[role]));

/** Who calls the control API, for which tenant, and what for. */
export interface ApiCaller extends Identity {
  /** Roles in this tenant, with those that they contain. */
  readonly roles: ReadonlySet<Role>;
  /** Roles that are bound to every tenant: with these, what belongs to the whole installation is changed. */
  readonly installationRoles: ReadonlySet<Role>;
  /** `undefined` for a bearer token or an API key. */
  readonly session: CallerSession | undefined;
  /** The ways to sign in with the caller's issuer (`acr`) that prove who it is. Absent or empty: every way does. */
  readonly stepUpAcrValues?: readonly string[];
}

/** The session of a browser. */
export interface CallerSession {
  readonly idHash: string;
  /** Sent back in `X-CSRF-Token` with every change. */
  readonly csrfToken: string;
  /** When the person last proved who they are; 0 when the issuer does not say it. */
  readonly authTimeMs: number;
  readonly acr: string | undefined;
  readonly expiresAtMs: number;
  /** In which the person may act. */
  readonly tenants: readonly string[];
}

/** What a route says of who may use it. */
export interface Needs {
  readonly access: Access;
  /** Another role that is enough. */
  readonly orRole?: Role;
  /** Whether the route changes the whole installation. */
  readonly everywhere?: boolean;
}

/** Whether a caller may use a route. */
export function mayUse(caller: ApiCaller, { access, orRole, everywhere = false }: Needs): boolean {
  if (access === 'none' || access === 'person') return true;
  const roles = everywhere ? caller.installationRoles : caller.roles;
  return roles.has(access) || (orRole !== undefined && roles.has(orRole));
}

/** In words. */
export const needsText = ({ access, orRole, everywhere = false }: Needs): string =>
  `${access}${orRole === undefined ? '' : ` or ${orRole}`}${everywhere ? ' of every tenant' : ''}`;
