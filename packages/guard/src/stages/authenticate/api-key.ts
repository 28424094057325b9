/**
 * API keys: `sp_<id>_<secret>`. The prefix makes a leaked key findable, the id finds the row, and only the hash of the
 * secret is stored. A key is looked up again after a few seconds, which bounds how long a revoked key still works.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { BoundedMap } from '../../bounded-map.ts';
import type { Principal } from '../../call.ts';
import type { ApiKey, Authenticator, Clock, KeyStore } from '../../ports.ts';
import { principalKey } from './principal-key.ts';
import { refused } from './refused.ts';

/** How long a verified key is accepted without another lookup. */
export const API_KEY_REMEMBERED_MS = 2_000;

/**
 * The issuer of every principal that an API key authenticates.
 *
 * @example
 * ```ts
 * const isRobot = ({ user }: Principal): boolean => user.issuer === API_KEY_ISSUER;
 * ```
 */
export const API_KEY_ISSUER = 'urn:sallyport:api-key';

const SHAPE = /^sp_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
const REMEMBERED_MAX = 10_000;

const hashOf = (secret: string): string => hash('sha256', `sallyport api key ${secret}`, 'hex');

/**
 * A new key: the text is shown once, the row is stored.
 *
 * @example
 * ```ts
 * const { text, key } = mintApiKey({
 *   tenant: 'acme', subject: 'ci', name: 'CI', roles: ['deployer'], scopes: [], tier: undefined,
 *   createdAtMs: Date.now(), expiresAtMs: undefined,
 * });
 * ```
 */
export function mintApiKey(fields: Omit<ApiKey, 'id' | 'hash' | 'revokedAtMs'>): {
  readonly text: string;
  readonly key: ApiKey;
} {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { text: `sp_${id}_${secret}`, key: { ...fields, id, hash: hashOf(secret), revokedAtMs: undefined } };
}

/**
 * A verified key: the principal is the same object as long as the row is the same, because caches hang on the object.
 */
interface VerifiedKey {
  readonly principal: Principal;
  readonly row: string;
  readonly validUntilMs: number;
  /** By `performance.now()`: a clock that is set back or stands still keeps no revoked key (L7). */
  readonly rememberedUntilMs: number;
}

/**
 * Authenticates bearer tokens that are API keys.
 *
 * @example
 * ```ts
 * const authenticator = createApiKeyAuthenticator(createMemoryKeys(), systemClock);
 * ```
 */
export function createApiKeyAuthenticator(store: Pick<KeyStore, 'find'>, clock: Clock): Authenticator {
  const verified = new BoundedMap<string, VerifiedKey>(REMEMBERED_MAX);
  const verify = async (token: string): Promise<Principal> => {
    const key = await findKey(store, token, clock);
    const row = JSON.stringify(key);
    const previous = verified.get(token);
    const principal = previous?.row === row ? previous.principal : principalOf(key);
    const validUntilMs = Math.min(clock.now() + API_KEY_REMEMBERED_MS, key.expiresAtMs ?? Infinity);
    const rememberedUntilMs = performance.now() + API_KEY_REMEMBERED_MS;
    verified.set(token, { principal, row, validUntilMs, rememberedUntilMs });
    return principal;
  };
  return (credentials) => {
    if (credentials.kind !== 'bearer' || !credentials.token.startsWith('sp_')) return undefined;
    const known = verified.get(credentials.token);
    if (known === undefined || known.validUntilMs <= clock.now() || known.rememberedUntilMs <= performance.now())
      return verify(credentials.token);
    return known.principal;
  };
}

/** @throws GuardError `unauthenticated` unless the key exists, the secret is its own, and it is valid now. */
async function findKey(store: Pick<KeyStore, 'find'>, token: string, clock: Clock): Promise<ApiKey> {
  const [, id = '', secret = ''] = SHAPE.exec(token) ?? [];
  const key = id === '' ? undefined : await store.find(id);
  const matches = isSame(hashOf(secret), key?.hash ?? hashOf(''));
  if (key === undefined || !matches || key.revokedAtMs !== undefined) throw refused('api_key');
  if ((key.expiresAtMs ?? Infinity) <= clock.now()) throw refused('api_key');
  return key;
}

/** In constant time; a stored hash of another length matches nothing. */
function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
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
