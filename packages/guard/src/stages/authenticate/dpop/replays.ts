import { hash } from 'node:crypto';

/**
 * The proofs that were used (RFC 9449 section 11.1). A proof is accepted for some minutes, so that is how long it is
 * remembered. Each key has a share of its own, so that nobody can fill the memory or push out what another one used.
 */
export interface Replays {
  /** @returns false when it was used before, or when the key has used too many. */
  use(keyThumbprint: string, jti: string): boolean;
}

/** Longer than a proof is accepted, whatever the clocks say. */
const REMEMBERED_MS = 11 * 60_000;
const PROOFS_PER_KEY_MAX = 20_000;
const KEYS_MAX = 10_000;

/** @param nowMs of a clock that only goes forward. */
export function createReplays(nowMs: () => number): Replays {
  const keys = new Map<string, Map<string, number>>();
  const forgetOld = (used: Map<string, number>): void => {
    const before = nowMs() - REMEMBERED_MS;
    // In the order of use, so the first one that is young ends it.
    for (const [id, usedAtMs] of used) {
      if (usedAtMs >= before) return;
      used.delete(id);
    }
  };
  const forgetIdleKeys = (): void => {
    for (const [key, used] of keys) {
      forgetOld(used);
      if (used.size === 0) keys.delete(key);
    }
  };
  return {
    use(keyThumbprint, jti) {
      const known = keys.get(keyThumbprint);
      if (known === undefined && keys.size >= KEYS_MAX) forgetIdleKeys();
      if (known === undefined && keys.size >= KEYS_MAX) return false;
      const used = known ?? new Map<string, number>();
      keys.set(keyThumbprint, used);
      forgetOld(used);
      const id = hash('sha256', jti, 'base64url');
      if (used.has(id) || used.size >= PROOFS_PER_KEY_MAX) return false;
      used.set(id, nowMs());
      return true;
    },
  };
}
