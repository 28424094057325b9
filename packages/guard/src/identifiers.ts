/**
 * Texts that are keys of something, as types of their own: the compiler refuses one where another is needed. Each has
 * one function that makes it, so what has the type was parsed or computed, and not merely passed through.
 */

declare const brand: unique symbol;

/**
 * Collision-free text of issuer, subject, tenant and software: the key of everything that is remembered for a
 * principal. Made by `principalKey` of `@sallyport/guard/stages`.
 *
 * @example
 * ```ts
 * const streams = new Map<PrincipalKey, number>();
 * const openStreams = (principal: Principal): number => streams.get(principal.key) ?? 0;
 * ```
 */
export type PrincipalKey = string & { readonly [brand]: 'PrincipalKey' };

/**
 * The id of a tenant that exists. Made by {@link tenantId}; a claim of a credential stays a `string` until the
 * directory of tenants has found it.
 *
 * @example
 * ```ts
 * const folderOf = (tenant: TenantId): string => `/var/lib/sallyport/${tenant}`;
 * ```
 */
export type TenantId = string & { readonly [brand]: 'TenantId' };

/**
 * `sha256:` and 64 hex digits over the RFC 8785 form of a definition's document. Made by `jsonDigest`.
 *
 * @example
 * ```ts
 * const isPinned = (definition: Definition, pin: Digest): boolean => definition.digest === pin;
 * ```
 */
export type Digest = string & { readonly [brand]: 'Digest' };

/**
 * A configured or stored name as the id of a tenant.
 *
 * @throws RangeError for an empty one.
 * @example
 * ```ts
 * const tenants: TenantDirectory = { find: (id) => (id === 'acme' ? { id: tenantId(id) } : undefined) };
 * ```
 */
export function tenantId(text: string): TenantId {
  if (text === '') throw new RangeError('a tenant id must not be empty');
  return text as TenantId;
}
