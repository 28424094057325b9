/**
 * B7: how a bounded thing is shared between tenants and users, so that whoever comes next finds some of it left. A
 * tenant may hold twice what is free, and a user what is free to its tenant: alone, a user gets half of everything and
 * a tenant two thirds; two tenants get two fifths each. Nothing is set aside for tenants that ask for nothing.
 */
import type { Person } from './approval-store.ts';
import { GuardError } from './errors.ts';
import type { Identity } from './guard.ts';

/**
 * Who holds a part of something. A user is a subject of an issuer in a tenant, whatever its client ids and sessions.
 *
 * @example
 * ```ts
 * const isSameUser = (a: ShareHolder, b: ShareHolder): boolean => a.user === b.user;
 * ```
 */
export interface ShareHolder {
  readonly tenant: string;
  /** A text that no user of this or another tenant has. */
  readonly user: string;
}

/**
 * Whose share is used up: the user's, its tenant's, or what everybody has together.
 *
 * @example
 * ```ts
 * const isOwnFault = (usedUp: UsedUp): boolean => usedUp !== 'gateway';
 * ```
 */
export type UsedUp = 'user' | 'tenant' | 'gateway';

/**
 * A bounded thing, and who holds how much of it.
 *
 * @example
 * ```ts
 * const isQuiet = (shares: FairShares): boolean => shares.used === 0;
 * ```
 */
export interface FairShares {
  readonly used: number;
  /** @returns whose share is used up; `undefined` when the amount was taken. */
  take(holder: ShareHolder, amount?: number): UsedUp | undefined;
  /** Gives back what was taken. */
  release(holder: ShareHolder, amount?: number): void;
}

/** How many times what is free a tenant may hold. */
const TENANT_FACTOR = 2;

/**
 * Nobody holds anything at first.
 *
 * @param max of everybody together; read each time.
 *
 * @example
 * ```ts
 * const calls = createFairShares(() => 1_000);
 * const isRefused = calls.take({ tenant: 'acme', user: 'alice of acme' }) !== undefined;
 * ```
 */
export function createFairShares(max: () => number): FairShares {
  const tenants = new Map<string, number>();
  const users = new Map<string, number>();
  let used = 0;
  const usedUpFor = ({ tenant, user }: ShareHolder, amount: number): UsedUp | undefined =>
    usedUpBy({ used, ofTenant: tenants.get(tenant) ?? 0, ofUser: users.get(user) ?? 0 }, amount, max());
  return {
    get used() {
      return used;
    },
    take(holder, amount = 1) {
      const usedUp = usedUpFor(holder, amount);
      if (usedUp !== undefined) return usedUp;
      used += amount;
      add(tenants, holder.tenant, amount);
      add(users, holder.user, amount);
      return undefined;
    },
    release(holder, amount = 1) {
      used -= amount;
      add(tenants, holder.tenant, -amount);
      add(users, holder.user, -amount);
    },
  };
}

/**
 * The same judgement for what is counted elsewhere, such as in a database.
 *
 * @param held what everybody, the tenant and the user hold already.
 *
 * @example
 * ```ts
 * const isFull = (used: number): boolean => usedUpBy({ used, ofTenant: 0, ofUser: 0 }, 1, 1_000) !== undefined;
 * ```
 */
export function usedUpBy(
  { used, ofTenant, ofUser }: { readonly used: number; readonly ofTenant: number; readonly ofUser: number },
  amount: number,
  max: number,
): UsedUp | undefined {
  const free = max - used - amount;
  if (free < 0) return 'gateway';
  const freeToTenant = TENANT_FACTOR * free - ofTenant - amount;
  // The first of a tenant, and of a user, is always given: what is small cannot be divided.
  if (ofTenant > 0 && freeToTenant < 0) return 'tenant';
  return ofUser > 0 && ofUser + amount > freeToTenant ? 'user' : undefined;
}

function add(held: Map<string, number>, key: string, amount: number): void {
  const sum = (held.get(key) ?? 0) + amount;
  if (sum > 0) held.set(key, sum);
  else held.delete(key);
}

/**
 * The holder of what a call takes.
 *
 * @example
 * ```ts
 * const isOfTenant = (identity: Identity, tenant: string): boolean => shareHolderOf(identity).tenant === tenant;
 * ```
 */
export const shareHolderOf = ({ principal: { user }, tenant }: Identity): ShareHolder => shareHolder(user, tenant.id);

/**
 * The same for a user who is known by name only.
 *
 * @example
 * ```ts
 * const alice: ShareHolder = shareHolder({ issuer: 'https://issuer.example', subject: 'alice' }, 'acme');
 * ```
 */
export const shareHolder = ({ issuer, subject }: Person, tenant: string): ShareHolder => ({
  tenant,
  user: JSON.stringify([issuer, subject, tenant]),
});

const HOLDERS: Readonly<Record<UsedUp, string>> = {
  user: 'of this user',
  tenant: 'of this tenant',
  gateway: 'of everybody',
};
const RETRY_AFTER_SECONDS = 1;

/**
 * Takes one unit for a call.
 *
 * @param what of it there is too much otherwise: `calls … are under way`, for example.
 * @returns a function that gives it back; calling it again has no effect.
 * @throws GuardError `rate_limited` when the share of the holder is used up.
 *
 * @example
 * ```ts
 * const begin = (shares: FairShares, identity: Identity): (() => void) =>
 *   takeShare(shares, shareHolderOf(identity), 'calls … are under way');
 * ```
 */
export function takeShare(shares: FairShares, holder: ShareHolder, what: string): () => void {
  const usedUp = shares.take(holder);
  if (usedUp !== undefined) throw shareRefusal(usedUp, what);
  let isHeld = true;
  return () => {
    if (isHeld) shares.release(holder);
    isHeld = false;
  };
}

/**
 * The refusal of a call whose share is used up.
 *
 * @param what of it there is too much: `calls … are under way`, for example.
 *
 * @example
 * ```ts
 * const refusal = (usedUp: UsedUp): GuardError => shareRefusal(usedUp, 'bytes … are under way');
 * ```
 */
export const shareRefusal = (usedUp: UsedUp, what: string): GuardError =>
  new GuardError('rate_limited', {
    message: `Too many ${what.replace('…', HOLDERS[usedUp])}.`,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
