import { tenantId } from '../identifiers.ts';
import type { TenantDirectory } from '../ports.ts';

/** A fixed list of tenants. The ids are looked up in a Map, so that `constructor` is no tenant. */
export function createMemoryTenants(ids: () => readonly string[]): TenantDirectory {
  return { find: (id) => (ids().includes(id) ? { id: tenantId(id) } : undefined) };
}
