import { tenantId } from '../identifiers.ts';
import type { TenantDirectory } from '../ports.ts';

/**
 * The tenants of a list, which is read for every call.
 *
 * @example
 * ```ts
 * const tenants = createMemoryTenants(() => ['acme', 'globex']);
 * ```
 */
export function createMemoryTenants(ids: () => readonly string[]): TenantDirectory {
  return { find: (id) => (ids().includes(id) ? { id: tenantId(id) } : undefined) };
}
