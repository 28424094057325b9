import type { ApiKey, KeyStore } from '../ports.ts';

export function createMemoryKeys(): KeyStore {
  const keys = new Map<string, ApiKey>();
  return {
    find: (id) => keys.get(id),
    list: (tenant) => [...keys.values()].filter((key) => tenant === undefined || key.tenant === tenant),
    put: (key) => void keys.set(key.id, key),
  };
}
