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
export function mintApiKey(fields: Omit<ApiKey, 'id' | 'hash' | 'revokedAt'>): { readonly text: string; readonly key: ApiKey } {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { text: `sp_${id}_${secret}`, key: { ...fields, id, hash: hashOf(secret), revokedAt: undefined } };
}

export function createApiKeyAuthenticator(store: KeyStore, clock: Clock): Authenticator {
  const remembered = new Map<string, { readonly principal: Principal; readonly until: number }>();
  const look = async (token: string): Promise<Principal> => {
    const [, id = '', secret = ''] = SHAPE.exec(token) ?? [];
    const key = id === '' ? undefined : await store.find(id);
    const matches = timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(key?.hash ?? hashOf('')));
    const now = clock.now();
    if (key === undefined || !matches || key.revokedAt !== undefined || (key.expiresAt ?? Infinity) <= now) throw refused('api_key');
    const principal = remembered.get(token)?.principal ?? principalOf(key);
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string);
    remembered.set(token, { principal, until: Math.min(now + API_KEY_REMEMBERED_MS, key.expiresAt ?? Infinity) });
    return principal;
  };
  return (credentials) => {
    if (credentials.kind !== 'bearer' || !credentials.token.startsWith('sp_')) return undefined;
    const known = remembered.get(credentials.token);
    return known !== undefined && known.until > clock.now() ? known.principal : look(credentials.token);
  };
}

function principalOf(key: ApiKey): Principal {
  const user = { issuer: API_KEY_ISSUER, subject: key.subject, roles: key.roles, groups: [], claims: {} };
  const agent = { clientId: `api-key:${key.id}`, actors: [] };
  return { user, agent, scopes: key.scopes, tenantClaim: key.tenant, tier: key.tier, expiresAt: key.expiresAt, key: principalKey(user, agent, key.tenant) };
}
