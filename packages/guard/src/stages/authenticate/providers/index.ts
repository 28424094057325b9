/** The identity providers that are known, by the name that the configuration has for them. */
import { auth0 } from './auth0.ts';
import { entra } from './entra.ts';
import { generic } from './generic.ts';
import { google } from './google.ts';
import { keycloak } from './keycloak.ts';
import { okta } from './okta.ts';
import type { IdentityProvider } from './provider.ts';

/**
 * The names of the presets.
 *
 * @example
 * ```ts
 * const isPreset = (name: IdentityProviderName): boolean => name !== 'generic';
 * ```
 */
export type IdentityProviderName = 'generic' | 'entra' | 'okta' | 'keycloak' | 'auth0' | 'google';

/**
 * Every preset.
 *
 * @example
 * ```ts
 * const rolesOf = (name: IdentityProviderName): string => IDENTITY_PROVIDERS[name].claims.roles;
 * ```
 */
export const IDENTITY_PROVIDERS: Readonly<Record<IdentityProviderName, IdentityProvider>> = {
  generic,
  entra,
  okta,
  keycloak,
  auth0,
  google,
};
