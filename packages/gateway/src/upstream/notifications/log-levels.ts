/** The log level that a legacy client set, for the links of its session that are opened later and for modern servers. */
import { ownerKey, type Owner } from '../sessions/session.ts';

export interface Levels {
  set(owner: Owner, level: string): void;
  get(owner: Owner): string | undefined;
}

const REMEMBERED_MAX = 10_000;

export function createLevels(): Levels {
  const levels = new Map<string, string>();
  return {
    set(owner, level) {
      const key = ownerKey(owner);
      levels.delete(key);
      levels.set(key, level);
      const oldest = levels.keys().next().value;
      if (levels.size > REMEMBERED_MAX && oldest !== undefined) levels.delete(oldest);
    },
    get: (owner) => levels.get(ownerKey(owner)),
  };
}
