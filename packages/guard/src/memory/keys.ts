import type { ApiKey, KeyStore } from '../ports.ts';

/**
 * API keys in memory: lost with the process.
 *
 * @example
 * ```ts
 * const keys = createMemoryKeys();
 * const ofAcme = await keys.list('acme');
 * ```
 */
export function createMemoryKeys(): KeyStore {
  const keys = new Map<string, ApiKey>();
  return {
    find: (id) => keys.get(id),
    list: (tenant) => [...keys.values()].filter((key) => tenant === undefined || key.tenant === tenant),
    put: (key) => void keys.set(key.id, key),
  };
}
