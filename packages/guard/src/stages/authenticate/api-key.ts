/**
 * API keys: `sp_<id>_<secret>`. The prefix makes a leaked one findable, the id finds the row, and only the hash of the
 * secret is stored. A key is looked up again after a few seconds, which bounds how long a revoked one still works.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../../call.ts';
import type { ApiKey, Authenticator, Clock, KeyStore } from '../../ports.ts';
import { principalKey } from './principal-key.ts';
import { refused } from './refused.ts';

/** How long a key that was found is believed without looking again. */
export const API_KEY_REMEMBERED_MS = 2_000;
export const API_KEY_ISSUER = 'urn:sallyport:api-key';

const SHAPE = /^sp_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
const REMEMBERED_MAX = 10_000;

const hashOf = (secret: string): string => createHash('sha256').update(`sallyport api key ${secret}`).digest('hex');

/** A new key: the text is shown once, the row is stored. */
export function mintApiKey(fields: Omit<ApiKey, 'id' | 'hash' | 'revokedAtMs'>): {
  readonly text: string;
  readonly key: ApiKey;
} {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { text: `sp_${id}_${secret}`, key: { ...fields, id, hash: hashOf(secret), revokedAtMs: undefined } };
}

export function createApiKeyAuthenticator(store: KeyStore, clock: Clock): Authenticator {
  const remembered = new Map<string, Remembered>();
  const look = async (token: string): Promise<Principal> => {
    const [, id = '', secret = ''] = SHAPE.exec(token) ?? [];
    const key = id === '' ? undefined : await store.find(id);
    const matches = isSame(hashOf(secret), key?.hash ?? hashOf(''));
    const now = clock.now();
    if (key === undefined || !matches || key.revokedAtMs !== undefined || (key.expiresAtMs ?? Infinity) <= now)
      throw refused('api_key');
    const row = JSON.stringify(key);
    const before = remembered.get(token);
    // The same object as long as the row says the same: what is known of a principal hangs on the object.
    const principal = before?.row === row ? before.principal : principalOf(key);
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string);
    remembered.set(token, {
      principal,
      row,
      until: Math.min(now + API_KEY_REMEMBERED_MS, key.expiresAtMs ?? Infinity),
    });
    return principal;
  };
  return (credentials) => {
    if (credentials.kind !== 'bearer' || !credentials.token.startsWith('sp_')) return undefined;
    const known = remembered.get(credentials.token);
    return known !== undefined && known.until > clock.now() ? known.principal : look(credentials.token);
  };
}

interface Remembered {
  readonly principal: Principal;
  readonly row: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** A stored hash of another length is the hash of nothing. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function principalOf(key: ApiKey): Principal {
  const user = { issuer: API_KEY_ISSUER, subject: key.subject, roles: key.roles, groups: [], claims: {} };
  const agent = { clientId: `api-key:${key.id}`, actors: [] };
  return {
    user,
    agent,
    scopes: key.scopes,
    tenantClaim: key.tenant,
    tier: key.tier,
    expiresAtMs: key.expiresAtMs,
    key: principalKey(user, agent, key.tenant),
  };
}
